// What one sandbox's decisions need to know, folded from its stream. Kept
// small: a hundred thousand of them may be in memory. What only an operation
// needs (image, user, env) stays on the log, in SandboxCreated.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/control.hpp"
#include "actors/decision.hpp"
#include "actors/sandbox/transitions.hpp"
#include "schemas/operation_generated.h"

namespace varve::sandbox {

// Minutes, as schema::Timers has them.
struct timers {
  std::int32_t auto_stop = 0;
  std::int32_t auto_pause = 0;
  std::int32_t auto_delete = -1;
  std::int32_t auto_archive = 0; // 0 = off

  friend bool operator==(const timers&, const timers&) = default;
};

// What a running sandbox has of the machine and the network.
struct allotment {
  schema::Resources resources;
  network_rules network;

  friend bool operator==(const allotment&, const allotment&) = default;
};

struct state {
  std::string id;
  std::string organization_id;
  std::string runner_id;
  std::vector<std::pair<std::string, std::string>> labels; // sorted by key
  std::uint64_t version = 0;
  std::uint64_t signing_key_version = 0; // of the last rotation; 0 = none

  // The operation last asked for; owed until its outcome is on the log.
  std::uint64_t operation_version = 0;
  std::array<std::uint8_t, 16> operation_record{};
  std::uint16_t operation_place = 0;
  schema::OperationKind owed = schema::OperationKind::None;

  status at = status::absent;
  bool recoverable = false;     // in error: a start may work
  bool was_started = false;     // at least once
  bool is_fork = false;         // it begins with another's files
  bool is_built = false;        // its image is made, not pulled
  bool may_be_archived = false; // its files may be in an archive
  bool stop_forced = false;
  bool is_public = false;
  bool is_abandoned = false; // `destroy_at` is because its client is gone
  std::uint32_t attempt = 0; // of destroying
  timestamp deadline = 0;    // 0 = none
  timestamp changed_at = 0;  // when `at` became what it is
  timestamp used_at = 0;     // last known use since it was started
  timestamp stopped_at = 0;  // when it last stopped
  timestamp destroy_at = 0;  // its time to live; 0 = none
  timestamp idle_since = 0;  // of the operation owed; 0 = unconditional

  timers times;
  allotment has;
  allotment had; // while adjusting: what it has until that is done

  // Of one that is pulled first: its digest while pulling, then what the
  // runner calls it.
  std::string image;
  // Of its archive: size and SHA-256; none known = empty.
  std::uint64_t archive_size = 0;
  std::vector<std::uint8_t> archive_hash;

  // The newest report an event rests on.
  std::string journal_id;
  std::uint64_t report_sequence = 0;

  friend bool operator==(const state&, const state&) = default;
};

// Folds one committed entry of this sandbox's stream. Cannot fail.
void evolve(state& s, const schema::Entry& entry, const envelope& around);

// Where a recovery leads: from what may be an archive, by what is here, or
// only to stopped.
status recovering_status(const state& s, bool skip_start) noexcept;

// When it must be looked at again; 0 = never.
timestamp deadline_of(const state& s) noexcept;

struct operation_owed {
  std::string id; // "<record id>.<place>"
  schema::OperationKind kind = schema::OperationKind::None;
  std::uint64_t version = 0;
  bool force = false;
  std::string image;            // as state::image
  timestamp idle_since = 0;     // only if not used since; 0 = always
  std::uint32_t timeout_ms = 0; // from its start on the runner
  timestamp queue_until = 0;    // not begun by then: never
  // Restore: which archive; unknown = empty.
  std::uint64_t archive_size = 0;
  std::vector<std::uint8_t> archive_hash{};
};

// The operation whose outcome the log waits for.
std::optional<operation_owed> owed_operation(const state& s);

// What a runner is to do whose sandbox is not as the log says although no
// operation is owed: nothing, Stop or Destroy.
schema::OperationKind correction_for(const state& s,
                                     schema::Present present) noexcept;

} // namespace varve::sandbox
