#include "actors/sandbox/transitions.hpp"

#include <algorithm>
#include <array>

namespace varve::sandbox {

namespace {

using row = std::array<action, status_count>;

// Short names, so that the table can be read as one.
constexpr auto none = action::nothing;
constexpr auto wait = action::defer;
constexpr auto run = action::request_start;
constexpr auto thaw = action::request_resume;
constexpr auto stop = action::request_stop;
constexpr auto hold = action::request_pause;
constexpr auto pack = action::request_archive;
constexpr auto load = action::request_restore;
constexpr auto fork = action::grant_fork;
constexpr auto mend = action::request_recovery;
constexpr auto kill = action::request_destroy;
constexpr auto size = action::request_resize;
constexpr auto net = action::request_network;
constexpr auto idle = action::ask_idle;
constexpr auto time = action::set_timers;
constexpr auto open = action::set_public;
constexpr auto tags = action::set_labels;
constexpr auto key = action::rotate_key;
constexpr auto NAME = action::mark_resolved;
constexpr auto HERE = action::mark_pulled;
constexpr auto RUNS = action::mark_started;
constexpr auto BUSY = action::mark_busy;
constexpr auto ENDS = action::mark_stopped;
constexpr auto HELD = action::mark_paused;
constexpr auto BACK = action::mark_resumed;
constexpr auto AWAY = action::mark_archived;
constexpr auto FITS = action::mark_adjusted;
constexpr auto FAIL = action::mark_failed;
constexpr auto GONE = action::mark_destroyed;
constexpr auto more = action::retry_destroy;
constexpr auto note = action::note_oom_kill;
constexpr auto e404 = action::refuse_unknown;
constexpr auto e409 = action::refuse_changing;
constexpr auto bad = action::refuse_errored;
constexpr auto nstp = action::refuse_not_stoppable;
constexpr auto npau = action::refuse_not_pausable;
constexpr auto narc = action::refuse_not_archivable;
constexpr auto nfrk = action::refuse_not_forkable;
constexpr auto nadj = action::refuse_not_adjustable;
constexpr auto well = action::refuse_not_errored;

// clang-format off
constexpr std::array<row, trigger_count> table{{
  // absent resol pull creat start  probe stopp  stopped starti pausin paused resum  adjust error  destr  destroyed archi archived restor
  row{e404, none, none, none, none, none, e409,   run, none, e409, thaw, none, none,  bad, e409, e404,  load, load, none}, // start
  row{e404, e409, e409, e409, stop, stop, none,  none, e409, stop, stop, stop, stop,  bad, e409, e404,  e409, nstp, e409}, // stop
  row{e404, e409, e409, e409, stop, stop, stop,  none, e409, stop, stop, stop, stop,  bad, e409, e404,  e409, nstp, e409}, // stop_now
  row{e404, e409, e409, e409, hold, hold, e409,  npau, e409, none, none, e409, e409,  bad, e409, e404,  e409, npau, e409}, // pause
  row{e404, e409, e409, e409, narc, narc, e409,  pack, e409, e409, narc, e409, e409,  bad, e409, e404,  none, none, e409}, // archive
  row{e404, e409, e409, e409, fork, fork, e409,  fork, e409, e409, fork, e409, e409,  bad, e409, e404,  e409, nfrk, e409}, // fork
  row{e404, none, none, none, none, none, well,  well, none, well, well, none, none, mend, e409, e404,  well, well, none}, // recover
  row{e404, kill, kill, kill, kill, kill, kill,  kill, kill, kill, kill, kill, kill, kill, none, none,  kill, kill, kill}, // destroy
  row{e404, e409, e409, e409, size, size, e409,  size, e409, e409, nadj, e409, e409,  bad, e409, e404,  e409, nadj, e409}, // resize
  row{e404, e409, e409, e409,  net,  net, e409,   net, e409, e409, nadj, e409, e409,  bad, e409, e404,  e409,  net, e409}, // set_network
  row{e404, time, time, time, time, time, time,  time, time, time, time, time, time, time, time, e404,  time, time, time}, // set_timers
  row{e404, open, open, open, open, open, open,  open, open, open, open, open, open, open, open, e404,  open, open, open}, // set_public
  row{e404, tags, tags, tags, tags, tags, tags,  tags, tags, tags, tags, tags, tags, tags, tags, e404,  tags, tags, tags}, // replace_labels
  row{e404,  key,  key,  key,  key,  key,  key,   key,  key,  key,  key,  key,  key,  key,  key, e404,   key,  key,  key}, // rotate_signing_key
  row{none, FAIL, FAIL, RUNS, none, BUSY, FAIL,  none, RUNS, BACK, none, BACK, FITS, none, none, none,  FAIL, none, RUNS}, // answered_running
  row{none, FAIL, FAIL, FAIL, none, ENDS, ENDS,  none, FAIL, ENDS, none, ENDS, ENDS, none, none, none,  ENDS, none, FAIL}, // answered_stopped
  row{none, FAIL, FAIL, FAIL, none, HELD, FAIL,  none, FAIL, HELD, none, HELD, FAIL, none, none, none,  FAIL, none, FAIL}, // answered_paused
  row{none, FAIL, FAIL, FAIL, none, FAIL, AWAY,  none, FAIL, FAIL, none, FAIL, FAIL, none, none, none,  AWAY, none, FAIL}, // answered_archived
  row{none, FAIL, FAIL, FAIL, none, BUSY, FAIL,  none, FAIL, FAIL, none, FAIL, FAIL, none, none, none,  FAIL, none, FAIL}, // answered_busy
  row{none, NAME, HERE, FAIL, none, FAIL, FAIL,  none, FAIL, FAIL, none, FAIL, FAIL, none, GONE, none,  FAIL, none, FAIL}, // answered_absent
  row{none, FAIL, FAIL, FAIL, none, FAIL, FAIL,  none, FAIL, FAIL, none, FAIL, FAIL, none, none, none,  FAIL, none, FAIL}, // answered_failed
  row{none, wait, wait, wait, none, wait, wait,  none, wait, wait, BACK, wait, wait, none, wait, none,  wait, none, wait}, // saw_running
  row{none, wait, wait, wait, HELD, wait, wait,  none, wait, wait, none, wait, wait, none, wait, none,  wait, none, wait}, // saw_paused
  row{none, wait, wait, wait, ENDS, wait, wait,  none, wait, wait, ENDS, wait, wait, none, wait, none,  wait, none, wait}, // saw_stopped
  row{none, wait, wait, wait, AWAY, wait, wait,  AWAY, wait, wait, AWAY, wait, wait, none, wait, none,  wait, none, wait}, // saw_archived
  row{none, wait, wait, wait, FAIL, wait, wait,  none, wait, wait, FAIL, wait, wait, none, wait, none,  wait, none, wait}, // saw_broken
  row{none, wait, wait, wait, FAIL, wait, wait,  FAIL, wait, wait, FAIL, wait, wait, none, wait, none,  wait, FAIL, wait}, // saw_absent
  row{none, none, none, note, note, note, note,  note, note, note, note, note, note, note, note, none,  note, none, note}, // saw_oom_kill
  row{none, FAIL, FAIL, FAIL, idle, BUSY, FAIL,  kill, FAIL, FAIL, none, FAIL, FITS, none, more, none,  FAIL, kill, FAIL}, // deadline
  row{none, none, none, none, none, none, none,  pack, none, none, none, none, none, none, none, none,  none, none, none}, // archive_due
  row{none, kill, kill, kill, kill, kill, kill,  kill, kill, kill, kill, kill, kill, kill, none, none,  kill, kill, kill}, // ttl_over
  row{none, none, none, none, none, none, none,  none, none, none, none, none, none, none, none, none,  none, none, none}, // stale
}};
// clang-format on

constexpr timestamp second = 1000;

} // namespace

action action_for(status now, trigger what) noexcept {
  return table[static_cast<std::size_t>(what)][static_cast<std::size_t>(now)];
}

std::string_view name_of(status value) noexcept {
  static constexpr std::array<std::string_view, status_count> names{
      "absent",    "resolving", "pulling",   "creating", "started",
      "probing",   "stopping",  "stopped",   "starting", "pausing",
      "paused",    "resuming",  "adjusting", "error",    "destroying",
      "destroyed", "archiving", "archived",  "restoring"};
  return names[static_cast<std::size_t>(value)];
}

std::string_view name_of(trigger value) noexcept {
  static constexpr std::array<std::string_view, trigger_count> names{
      "start",
      "stop",
      "stop_now",
      "pause",
      "archive",
      "fork",
      "recover",
      "destroy",
      "resize",
      "set_network",
      "set_timers",
      "set_public",
      "replace_labels",
      "rotate_signing_key",
      "answered_running",
      "answered_stopped",
      "answered_paused",
      "answered_archived",
      "answered_busy",
      "answered_absent",
      "answered_failed",
      "saw_running",
      "saw_paused",
      "saw_stopped",
      "saw_archived",
      "saw_broken",
      "saw_absent",
      "saw_oom_kill",
      "deadline",
      "archive_due",
      "ttl_over",
      "stale"};
  return names[static_cast<std::size_t>(value)];
}

std::string_view name_of(action value) noexcept {
  static constexpr std::array<std::string_view, action_count> names{
      "nothing",
      "defer",
      "request_start",
      "request_resume",
      "request_stop",
      "request_pause",
      "request_archive",
      "request_restore",
      "grant_fork",
      "request_recovery",
      "request_destroy",
      "request_resize",
      "request_network",
      "ask_idle",
      "set_timers",
      "set_public",
      "set_labels",
      "rotate_key",
      "mark_resolved",
      "mark_pulled",
      "mark_started",
      "mark_busy",
      "mark_stopped",
      "mark_paused",
      "mark_resumed",
      "mark_archived",
      "mark_adjusted",
      "mark_failed",
      "mark_destroyed",
      "retry_destroy",
      "note_oom_kill",
      "refuse_unknown",
      "refuse_changing",
      "refuse_errored",
      "refuse_not_stoppable",
      "refuse_not_pausable",
      "refuse_not_archivable",
      "refuse_not_forkable",
      "refuse_not_adjustable",
      "refuse_not_errored"};
  return names[static_cast<std::size_t>(value)];
}

timestamp patience_of(status value, std::uint32_t attempt) noexcept {
  switch (value) {
  // Half of it for waiting until one of the runner's builders is free.
  case status::pulling:
    return 3600 * second;
  case status::resolving:
    return 60 * second;
  // Most of it is for waiting until the runner's workers are free; the work
  // itself has a limit that runs from when it is begun.
  case status::creating:
  case status::starting:
    return 15 * 60 * second;
  case status::probing:
  case status::stopping:
  case status::pausing:
  case status::resuming:
  case status::adjusting:
    return 30 * second;
  case status::archiving:
  case status::restoring:
    return 30 * 60 * second;
  case status::destroying:
    return (30 * second) << std::min(attempt, 4u);
  case status::absent:
  case status::started:
  case status::stopped:
  case status::paused:
  case status::error:
  case status::destroyed:
  case status::archived:
    return 0;
  }
  return 0;
}

} // namespace varve::sandbox
