#include "actors/sandbox/transitions.hpp"

#include <algorithm>
#include <array>

namespace varve::sandbox {

namespace {

using row = std::array<action, status_count>;

// Short names, so that the table can be read as one.
constexpr auto none = action::nothing;
constexpr auto wait = action::defer;
constexpr auto start = action::request_start;
constexpr auto stop = action::request_stop;
constexpr auto recover = action::request_recovery;
constexpr auto destroy = action::request_destroy;
constexpr auto labels = action::set_labels;
constexpr auto key = action::rotate_key;
constexpr auto STARTED = action::mark_started;
constexpr auto STOPPED = action::mark_stopped;
constexpr auto FAILED = action::mark_failed;
constexpr auto GONE = action::mark_destroyed;
constexpr auto again = action::retry_destroy;
constexpr auto e404 = action::refuse_unknown;
constexpr auto e409 = action::refuse_changing;
constexpr auto bad = action::refuse_errored;
constexpr auto unst = action::refuse_not_stoppable;
constexpr auto well = action::refuse_not_errored;

// clang-format off
constexpr std::array<row, trigger_count> table{{
  // absent creating started  stopping stopped  starting error    destroying destroyed
  row{e404, none,    none,    e409,    start,   none,    bad,     e409,      e404}, // start
  row{e404, e409,    stop,    none,    unst,    e409,    bad,     e409,      e404}, // stop
  row{e404, e409,    stop,    stop,    unst,    e409,    bad,     e409,      e404}, // stop_now
  row{e404, well,    well,    well,    well,    well,    recover, well,      e404}, // recover
  row{e404, destroy, destroy, destroy, destroy, destroy, destroy, none,      none}, // destroy
  row{e404, labels,  labels,  labels,  labels,  labels,  labels,  labels,    e404}, // replace_labels
  row{e404, key,     key,     key,     key,     key,     key,     key,       e404}, // rotate_signing_key
  row{none, STARTED, none,    FAILED,  none,    STARTED, none,    none,      none}, // answered_running
  row{none, FAILED,  none,    STOPPED, none,    FAILED,  none,    none,      none}, // answered_stopped
  row{none, FAILED,  none,    FAILED,  none,    FAILED,  none,    GONE,      none}, // answered_absent
  row{none, FAILED,  none,    FAILED,  none,    FAILED,  none,    none,      none}, // answered_failed
  row{none, wait,    none,    wait,    none,    wait,    none,    wait,      none}, // saw_running
  row{none, wait,    STOPPED, wait,    none,    wait,    none,    wait,      none}, // saw_stopped
  row{none, wait,    FAILED,  wait,    none,    wait,    none,    wait,      none}, // saw_broken
  row{none, wait,    FAILED,  wait,    FAILED,  wait,    none,    wait,      none}, // saw_absent
  row{none, FAILED,  none,    FAILED,  none,    FAILED,  none,    again,     none}, // deadline
  row{none, none,    none,    none,    none,    none,    none,    none,      none}, // stale
}};
// clang-format on

constexpr timestamp second = 1000;

} // namespace

action action_for(status now, trigger what) noexcept {
  return table[static_cast<std::size_t>(what)][static_cast<std::size_t>(now)];
}

std::string_view name_of(status value) noexcept {
  static constexpr std::array<std::string_view, status_count> names{
      "absent",   "creating", "started",    "stopping", "stopped",
      "starting", "error",    "destroying", "destroyed"};
  return names[static_cast<std::size_t>(value)];
}

std::string_view name_of(trigger value) noexcept {
  static constexpr std::array<std::string_view, trigger_count> names{
      "start",
      "stop",
      "stop_now",
      "recover",
      "destroy",
      "replace_labels",
      "rotate_signing_key",
      "answered_running",
      "answered_stopped",
      "answered_absent",
      "answered_failed",
      "saw_running",
      "saw_stopped",
      "saw_broken",
      "saw_absent",
      "deadline",
      "stale"};
  return names[static_cast<std::size_t>(value)];
}

std::string_view name_of(action value) noexcept {
  static constexpr std::array<std::string_view, 18> names{
      "nothing",
      "defer",
      "request_start",
      "request_stop",
      "request_recovery",
      "request_destroy",
      "set_labels",
      "rotate_key",
      "mark_started",
      "mark_stopped",
      "mark_failed",
      "mark_destroyed",
      "retry_destroy",
      "refuse_unknown",
      "refuse_changing",
      "refuse_errored",
      "refuse_not_stoppable",
      "refuse_not_errored"};
  return names[static_cast<std::size_t>(value)];
}

timestamp patience_of(status value, std::uint32_t attempt) noexcept {
  switch (value) {
  case status::creating:
  case status::starting:
    return 60 * second;
  case status::stopping:
    return 30 * second;
  case status::destroying:
    return (30 * second) << std::min(attempt, 4u);
  case status::absent:
  case status::started:
  case status::stopped:
  case status::error:
  case status::destroyed:
    return 0;
  }
  return 0;
}

} // namespace varve::sandbox
