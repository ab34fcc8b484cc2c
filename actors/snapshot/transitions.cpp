#include "actors/snapshot/transitions.hpp"

#include <algorithm>
#include <array>

namespace varve::snapshot {

namespace {

using row = std::array<action, status_count>;

constexpr auto none = action::nothing;
constexpr auto put = action::register_image;
constexpr auto wake = action::request_activation;
constexpr auto rest = action::deactivate;
constexpr auto kill = action::request_removal;
constexpr auto NAME = action::mark_resolved;
constexpr auto HERE = action::mark_active;
constexpr auto FAIL = action::mark_failed;
constexpr auto GONE = action::mark_removed;
constexpr auto more = action::retry_removal;
constexpr auto e404 = action::refuse_unknown;
constexpr auto actv = action::refuse_active;
constexpr auto ninc = action::refuse_not_inactive;
constexpr auto dead = action::refuse_removed;

// clang-format off
constexpr std::array<row, trigger_count> table{{
  // absent pending pull active inact error remov removed
  row{ put,  put,  put,  put,  put,  put, dead, dead}, // register_image
  row{e404, ninc, ninc, actv, wake, ninc, ninc, e404}, // activate
  row{e404, none, none, rest, none, none, none, e404}, // deactivate
  row{e404, kill, kill, kill, kill, kill, none, none}, // remove
  row{none, NAME, HERE, none, none, none, GONE, none}, // answered_done
  row{none, FAIL, FAIL, none, none, none, none, none}, // answered_failed
  row{none, FAIL, FAIL, none, none, none, more, none}, // deadline
  row{none, none, none, none, none, none, none, none}, // stale
}};
// clang-format on

constexpr timestamp second = 1000;

} // namespace

action action_for(status now, trigger what) noexcept {
  return table[static_cast<std::size_t>(what)][static_cast<std::size_t>(now)];
}

std::string_view name_of(status value) noexcept {
  static constexpr std::array<std::string_view, status_count> names{
      "absent",   "pending", "pulling",  "active",
      "inactive", "error",   "removing", "removed"};
  return names[static_cast<std::size_t>(value)];
}

std::string_view name_of(trigger value) noexcept {
  static constexpr std::array<std::string_view, trigger_count> names{
      "register_image", "activate",        "deactivate", "remove",
      "answered_done",  "answered_failed", "deadline",   "stale"};
  return names[static_cast<std::size_t>(value)];
}

timestamp patience_of(status value, std::uint32_t attempt) noexcept {
  switch (value) {
  case status::pending:
    return 60 * second;
  case status::pulling:
    return 3600 * second;
  case status::removing:
    return (30 * second) << std::min(attempt, 4u);
  case status::absent:
  case status::active:
  case status::inactive:
  case status::error:
  case status::removed:
    return 0;
  }
  return 0;
}

} // namespace varve::snapshot
