// What can be asked: read models built from the log, each with its position.
// Any thread; nothing here changes state.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"
#include "events/record.hpp"

namespace varve::projections {

enum class sandbox_state : std::uint8_t {
  creating = 0,
  started = 1,
  stopping = 2,
  stopped = 3,
  starting = 4,
  error = 5,
  destroying = 6,
  destroyed = 7,
  pausing = 8,
  paused = 9,
  resuming = 10,
  resizing = 11,
  pending_build = 12,
  pulling_snapshot = 13,
  archiving = 14,
  archived = 15,
  restoring = 16,
  building_snapshot = 17,
};
// As on the wire ("started").
std::string_view name_of(sandbox_state state) noexcept;
std::optional<sandbox_state>
parse_sandbox_state(std::string_view text) noexcept;
// Moves on by itself: creating, starting, stopping, destroying, pausing,
// resuming, resizing, pending_build, pulling_snapshot, building_snapshot,
// archiving, restoring.
bool is_transitional(sandbox_state state) noexcept;
// What runs in it runs: started, resizing.
bool is_running(sandbox_state state) noexcept;

struct sandbox_view {
  std::string id;
  std::string organization_id;
  std::string name;
  std::string snapshot_id;
  std::string snapshot_name;
  std::string image_ref;   // what its files lie over
  std::string forked_from; // the sandbox it is a fork of; empty = none
  bool is_built = false;   // its image is made, not pulled
  std::string user;
  std::vector<std::uint8_t> env_sealed; // vault scope: the sandbox's id
  std::map<std::string, std::string> labels;
  bool is_public = false;
  std::string region;
  schema::Resources resources;
  std::int32_t auto_stop = 15;
  std::int32_t auto_archive = 10080;
  std::int32_t auto_delete = -1;
  std::int32_t auto_pause = 0;
  timestamp destroy_at = 0; // 0 = its life has no end
  bool network_block_all = false;
  std::string network_allow_list;
  std::string runner_id;
  sandbox_state state = sandbox_state::creating;
  // "started", "stopped", "paused", "archived", "destroyed"
  std::string desired_state;
  std::string error_reason;  // empty = none
  std::string adjust_reason; // why it is not as it was asked to be
  bool recoverable = false;
  bool may_be_archived = false; // a recovery begins with its archive
  schema::Cause cause = schema::Cause::Unspecified; // of the last change
  std::string toolbox_version;
  std::uint64_t start_version = 0; // stream version of the last SandboxStarted
  // Of the last SandboxSigningKeyRotated; 0 = none.
  std::uint64_t signing_key_version = 0;
  timestamp created_at = 0;
  timestamp updated_at = 0;
  std::uint64_t version = 0;
  log::position at;
};

enum class sandbox_sort { last_activity, name, cpu, memory, disk, created };

struct sandbox_filter {
  std::string id_prefix; // case-insensitive, as name_prefix
  std::string name_prefix;
  std::map<std::string, std::string> labels; // all must match
  std::vector<sandbox_state> states;         // empty = all but destroyed
  std::vector<std::string> snapshots;        // names
  std::vector<std::string> regions;
  std::optional<std::uint32_t> min_cpu, max_cpu; // cores
  std::optional<std::uint32_t> min_memory_gib, max_memory_gib;
  std::optional<std::uint32_t> min_disk_gib, max_disk_gib;
  std::optional<bool> is_public, is_recoverable;
  std::optional<timestamp> created_after, created_before;
  std::optional<timestamp> updated_after, updated_before;
  bool include_errored_deleted = false;
  sandbox_sort sort = sandbox_sort::last_activity;
  bool ascending = false;
};

struct sandbox_page {
  std::vector<sandbox_view> items;
  std::string next_cursor; // empty = the end
};

struct snapshot_view {
  std::string id;
  std::string organization_id; // empty = general
  std::string name;
  std::vector<std::string> aliases;
  bool general = false;
  std::string image_ref;
  std::string image;      // it is made of, as a client called it; may be empty
  std::string dockerfile; // what that is made by; empty = it is pulled
  std::vector<std::string> context_hashes;
  // "pending", "pulling", "building", "active", "inactive", "error",
  // "build_failed", "removing"
  std::string state;
  std::string error_reason; // empty = none
  std::string region;       // empty = everywhere
  std::string user;         // the image's own; empty = not known
  schema::Resources resources;
  std::vector<std::string> entrypoint;
  std::uint64_t size_bytes = 0;
  timestamp created_at = 0;
  timestamp updated_at = 0;
  timestamp used_at = 0; // last; 0 = never
};

struct api_key_view {
  std::string organization_id;
  std::string name;
  std::string user_id;
  std::string prefix, suffix;
  std::vector<std::string> permissions;
  timestamp created_at = 0;
  timestamp expires_at = 0;
};

// Sealed with the organization's data key (vault scope: its id).
struct registry_view {
  std::string id;
  std::string organization_id;
  std::string name;
  std::string url;
  std::string project; // may be empty
  std::vector<std::uint8_t> username_sealed;
  std::vector<std::uint8_t> password_sealed;
  timestamp created_at = 0;
  timestamp updated_at = 0;
};

struct organization_view {
  std::string id;
  std::string name;
  std::string default_region;
  schema::QuotaT quota;
};

struct runner_view {
  std::string id;
  std::string region;
  std::string journal_id;
  schema::Resources capacity;
  timestamp registered_at = 0;
};

// A sandbox that was made (no `was`), or moved from one state to another.
struct sandbox_change {
  std::optional<sandbox_state> was;
  sandbox_view now;
};
using change_listener = std::function<void(const std::vector<sandbox_change>&)>;

// A projection that stopped answers store_failed naming the record.
class queries {
 public:
  virtual ~queries() = default;

  // By id, else by live name, within the organization; destroyed ones are
  // not found.
  virtual result<std::optional<sandbox_view>>
  sandbox(std::string_view organization_id, std::string_view id_or_name) = 0;
  // By id, of whatever organization, destroyed ones too: for who shows what is
  // the sandbox's own, or asks for its history.
  virtual result<std::optional<sandbox_view>>
  sandbox_anywhere(std::string_view id) = 0;
  // `cursor` as returned before, empty for the start; invalid when malformed.
  virtual result<sandbox_page> sandboxes(std::string_view organization_id,
                                         const sandbox_filter& filter,
                                         std::string_view cursor,
                                         std::size_t limit) = 0;
  // Those that began with the files of this one, destroyed ones too if wanted;
  // `limit` at most, by id.
  virtual result<std::vector<sandbox_view>>
  forks(std::string_view organization_id, std::string_view sandbox_id,
        bool with_destroyed, std::size_t limit) = 0;
  // Every sandbox that is not destroyed and placed on this runner.
  virtual result<std::vector<sandbox_view>>
  sandboxes_on(std::string_view runner_id) = 0;

  // By id or name or alias: the organization's own first, then general ones.
  virtual result<std::optional<snapshot_view>>
  snapshot(std::string_view organization_id, std::string_view id_or_name) = 0;
  virtual result<std::vector<snapshot_view>>
  snapshots(std::string_view organization_id) = 0;

  virtual result<std::optional<api_key_view>>
  api_key(const log::digest& hash) = 0;
  virtual result<std::vector<api_key_view>>
  api_keys(std::string_view organization_id) = 0;

  // By age. What an image is pulled with: registry_access.hpp.
  virtual result<std::vector<registry_view>>
  registries(std::string_view organization_id) = 0;

  virtual result<std::optional<organization_view>>
  organization(std::string_view id) = 0;
  virtual result<std::vector<organization_view>> organizations() = 0;
  virtual result<std::vector<runner_view>> runners() = 0;

  // The last position applied of a partition (next_index 0 = nothing yet).
  virtual std::uint64_t applied(std::uint16_t partition) = 0;

  // Calls `done` once: true when `at` is applied, false after `patience`. On
  // the projection's or a timer's thread (or at once on the caller's); must
  // not block.
  virtual void when_applied(log::position at,
                            std::chrono::milliseconds patience,
                            std::function<void(bool)> done) = 0;

  // Calls `done` once with the sandbox as soon as it is in no transitional
  // state, or as it is after `patience`; nullopt when it is destroyed or
  // unknown. Judges by what is applied: wait for the command's position first.
  // too_busy when too many wait, shutting_down. Same threads.
  virtual void when_settled(
      std::string_view organization_id, std::string_view sandbox_id,
      std::chrono::milliseconds patience,
      std::function<void(result<std::optional<sandbox_view>>)> done) = 0;

  // From now on `heard` is called with every change, in the order of the log,
  // once queries show it, and nobody else is; empty ends that and returns when
  // no call is under way. On the projection's thread; must not block.
  virtual void watch_changes(change_listener heard) = 0;
};

} // namespace varve::projections
