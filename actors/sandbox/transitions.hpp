// The table state x trigger of a sandbox: the one place that says what may
// happen when. Complete: every cell has an action.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "events/base/clock.hpp"

namespace varve::sandbox {

enum class status : std::uint8_t {
  absent,    // no event yet
  resolving, // what its image's name stands for is asked
  pulling,   // its image is on its way to the runner, or being built
  creating,
  started,
  probing, // started, and the runner was asked whether it is idle
  stopping,
  stopped,
  starting,
  pausing,
  paused,
  resuming,
  adjusting, // started, and its limits or network are being changed
  error,
  destroying,
  destroyed,
  archiving,
  archived, // its files are in an archive, nothing of it is on the runner
  restoring,
};
inline constexpr std::size_t status_count = 19;

// What can come up, already judged against the state: an answer that is not
// for the operation owed now is `stale`.
enum class trigger : std::uint8_t {
  start,
  stop,
  stop_now, // forced, and not forced already
  pause,
  archive,
  fork,
  recover,
  destroy,
  resize,
  set_network,
  set_timers,
  set_public,
  replace_labels,
  rotate_signing_key,
  answered_running, // the owed operation is done, the sandbox runs
  answered_stopped,
  answered_paused,
  answered_archived,
  answered_busy, // not idle, or nobody could say
  answered_absent,
  answered_failed, // or expired, refused, unclear
  saw_running,     // reported unasked or listed in an inventory
  saw_paused,
  saw_stopped,
  saw_archived,
  saw_broken, // toolbox dead, out of memory
  saw_absent,
  saw_oom_kill, // of a process of the guest; the sandbox goes on
  deadline,     // the present one
  archive_due,  // stopped for long enough to be archived
  ttl_over,     // its time to live
  stale,        // an old answer, report or deadline
};
inline constexpr std::size_t trigger_count = 32;

enum class action : std::uint8_t {
  nothing, // already so, or of no meaning
  defer,   // the operation under way will tell; ask again later
  request_start,
  request_resume,
  request_stop,
  request_pause,
  request_archive,
  request_restore,
  grant_fork, // the organization makes the other one
  request_recovery,
  request_destroy,
  request_resize,
  request_network,
  ask_idle,
  set_timers,
  set_public,
  set_labels,
  rotate_key,
  mark_resolved,
  mark_pulled,
  mark_started,
  mark_busy,
  mark_stopped,
  mark_paused,
  mark_resumed,
  mark_archived,
  mark_adjusted,
  mark_failed,
  mark_destroyed,
  retry_destroy,
  note_oom_kill,
  refuse_unknown,        // 404
  refuse_changing,       // 409
  refuse_errored,        // 400
  refuse_not_stoppable,  // 400
  refuse_not_pausable,   // 400
  refuse_not_archivable, // 400
  refuse_not_forkable,   // 400
  refuse_not_adjustable, // 400
  refuse_not_errored,    // 400
};
inline constexpr std::size_t action_count = 40;

action action_for(status now, trigger what) noexcept;

std::string_view name_of(status value) noexcept;
std::string_view name_of(trigger value) noexcept;
std::string_view name_of(action value) noexcept;

// How long a state may take before its deadline passes, in ms; 0 = for ever.
// A destroy that was asked for again waits longer each time, up to 8 minutes.
timestamp patience_of(status value, std::uint32_t attempt) noexcept;

// The state whose patience it has: files that are copied take their time.
constexpr status paced_as(status value, bool is_fork) noexcept {
  return value == status::creating && is_fork ? status::restoring : value;
}

} // namespace varve::sandbox
