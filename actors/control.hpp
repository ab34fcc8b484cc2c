// The way in for commands. The gateway and the command line speak to actors
// through this port only; actors/host implements it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "events/base/result.hpp"
#include "events/record.hpp"

namespace varve {

// Who asks and why; the same for every command.
struct command_origin {
  std::string organization_id;
  std::string principal;  // "key:<name>", "operator", "system", ...
  std::string command_id; // UUID; a known one is answered, not decided again
  // Of what the client asked, where it chose the id: `reused` when the id is
  // known for another request.
  std::optional<log::digest> request;
  schema::Cause cause = schema::Cause::User;
};

// --- organization ----------------------------------------------------------

struct CreateOrganization {
  std::string name;
  schema::QuotaT quota;
  std::string default_region;
};

// All of it; 0 = no limit. What is over a new limit stays, and nothing more is
// admitted.
struct SetQuota {
  schema::QuotaT quota;
};

struct CreateApiKey {
  std::string name;
  log::digest hash{};
  std::string prefix;
  std::string suffix;
  std::string user_id;
  std::vector<std::string> permissions;
  timestamp expires_at = 0; // 0 = never
};

struct RevokeApiKey {
  std::string name;
};

// How many started sandboxes of a snapshot wait for this organization.
struct SetWarmPool {
  std::string pool_id;
  bool is_new = false; // else only `size` counts
  std::string snapshot_id;
  std::string snapshot_name;
  std::string region;
  std::uint32_t size = 0;
  schema::Resources resources; // of each
};

struct RemoveWarmPool {
  std::string pool_id;
};

// The caller checked the fields and sealed name and password (scope: the
// organization's id).
struct AddDockerRegistry {
  std::string registry_id;
  std::string name;
  std::string url;
  std::string project; // may be empty
  std::vector<std::uint8_t> username_sealed;
  std::vector<std::uint8_t> password_sealed;
};
// All of it; an empty password is the one it has.
struct ChangeDockerRegistry {
  std::string registry_id;
  std::string name;
  std::string url;
  std::optional<std::string> project; // nullopt: as it is
  std::vector<std::uint8_t> username_sealed;
  std::vector<std::uint8_t> password_sealed;
};
struct RemoveDockerRegistry {
  std::string registry_id;
};

// --- snapshot, runner ------------------------------------------------------

// Creates it, or moves it to another image, so that it is active with just
// this content; already so is no event.
struct RegisterSnapshot {
  std::string snapshot_id;
  std::string name;
  std::vector<std::string> aliases;
  std::string image_ref;
  schema::Resources resources;
  std::vector<std::string> entrypoint;
  std::uint64_t size_bytes = 0;
};

// Makes it of an image, in the command's organization.
struct CreateSnapshot {
  std::string snapshot_id;
  std::string name;
  std::string image;
  schema::Resources resources;
  std::vector<std::string> entrypoint; // empty = the image's own
  std::string region;
  schema::BuildT build; // no dockerfile = `image` is pulled
};
struct ActivateSnapshot {
  std::string snapshot_id;
};
struct DeactivateSnapshot {
  std::string snapshot_id;
};
struct RemoveSnapshot {
  std::string snapshot_id;
};

struct RegisterRunner {
  std::string runner_id;
  std::string region;
  std::string journal_id;
  schema::Resources capacity;
  std::string runtime;
};

// --- sandbox ---------------------------------------------------------------

// What a sandbox may reach; neither: all that any may.
struct network_rules {
  bool block_all = false;
  std::string allow_list; // "a.b.c.d/n,...", checked; empty = off

  friend bool operator==(const network_rules&, const network_rules&) = default;
};

// The caller resolved the snapshot and sealed the env (events/vault.hpp).
struct CreateSandbox {
  std::string sandbox_id;
  std::string name; // empty = the id
  std::string snapshot_id;
  std::string snapshot_name;
  std::string image_ref; // empty when `image` is to be pulled first
  std::string image;     // what a client calls it
  schema::BuildT build;  // no dockerfile = it is pulled
  std::vector<std::string> entrypoint; // empty = the image's own
  std::string user;
  std::vector<std::uint8_t> env_sealed;
  std::vector<std::string> env_names;
  std::map<std::string, std::string> labels;
  bool is_public = false;
  std::string region;
  schema::Resources resources;
  schema::TimersT timers;
  std::uint32_t ttl_minutes = 0; // from now; 0 = no end
  network_rules network;
  // The sandbox it begins with the files of, and the runner that has them.
  // Empty: with none but the image's, wherever there is room.
  std::string forked_from;
  std::string runner_id;
};

struct StartSandbox {
  std::string sandbox_id;
};
struct StopSandbox {
  std::string sandbox_id;
  bool force = false;
};
struct RecoverSandbox {
  std::string sandbox_id;
  bool skip_start = false; // to stopped
};
struct DestroySandbox {
  std::string sandbox_id;
};
struct ReplaceLabels {
  std::string sandbox_id;
  std::map<std::string, std::string> labels;
};
// Repeated or at once with another, it rotates once: only the key that the
// caller saw is replaced.
struct RotateSigningKey {
  std::string sandbox_id;
  std::uint64_t replaces = 0; // its version as a read model shows it
};

struct PauseSandbox {
  std::string sandbox_id;
};
struct ArchiveSandbox {
  std::string sandbox_id;
};
// Makes `child` with the files that this sandbox has, where it lies.
struct ForkSandbox {
  std::string sandbox_id;
  CreateSandbox child;
};
// What is not given stays as it is.
struct ResizeSandbox {
  std::string sandbox_id;
  std::optional<std::uint32_t> cpu_millis;
  std::optional<std::uint32_t> memory_mib;
  std::optional<std::uint32_t> disk_gib{}; // grows, and only while stopped
};
struct SetNetwork {
  std::string sandbox_id;
  network_rules network;
};
// The same. Minutes; of auto-stop and auto-pause, setting one ends the other.
struct SetTimers {
  std::string sandbox_id;
  std::optional<std::int32_t> auto_stop;
  std::optional<std::int32_t> auto_pause;
  std::optional<std::int32_t> auto_delete;
  std::optional<std::uint32_t> ttl_minutes; // from now; 0 = no end
  // Who had it made never heard of it and cannot ask: a minute is left.
  bool abandoned = false;
  std::optional<std::int32_t> auto_archive{}; // 0 = off
};
struct SetPublic {
  std::string sandbox_id;
  bool is_public = false;
};

using command =
    std::variant<CreateOrganization, CreateApiKey, RevokeApiKey,
                 RegisterSnapshot, RegisterRunner, CreateSandbox, StartSandbox,
                 StopSandbox, RecoverSandbox, DestroySandbox, ReplaceLabels,
                 PauseSandbox, ResizeSandbox, SetNetwork, SetTimers, SetPublic,
                 RotateSigningKey, SetWarmPool, RemoveWarmPool, SetQuota,
                 AddDockerRegistry, ChangeDockerRegistry, RemoveDockerRegistry,
                 CreateSnapshot, ActivateSnapshot, DeactivateSnapshot,
                 RemoveSnapshot, ArchiveSandbox, ForkSandbox>;

struct command_reply {
  std::string aggregate_id;
  std::uint64_t version = 0; // of the aggregate's stream
  // Where the newest event the answer rests on lies; projections at or beyond
  // it show the command.
  log::position at;
};

class control {
 public:
  virtual ~control() = default;

  // Any thread; `done` is called once, on a thread of the actors, and must
  // not block. Errors: invalid, not_found, conflict, wrong_state,
  // quota_exceeded, reused, too_busy, log_full, log_unavailable, timed_out,
  // shutting_down.
  virtual void submit(command what, command_origin origin,
                      std::function<void(result<command_reply>)> done) = 0;
};

} // namespace varve
