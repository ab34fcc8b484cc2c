#include "projections/queries.hpp"

#include <array>

namespace varve::projections {

namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 18> names{
    "creating",      "started",          "stopping",
    "stopped",       "starting",         "error",
    "destroying",    "destroyed",        "pausing",
    "paused",        "resuming",         "resizing",
    "pending_build", "pulling_snapshot", "archiving",
    "archived",      "restoring",        "building_snapshot"};

} // namespace

std::string_view name_of(sandbox_state state) noexcept {
  return names[static_cast<std::size_t>(state)];
}

std::optional<sandbox_state>
parse_sandbox_state(std::string_view text) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text)
      return static_cast<sandbox_state>(i);
  return std::nullopt;
}

bool is_transitional(sandbox_state state) noexcept {
  switch (state) {
  case sandbox_state::creating:
  case sandbox_state::starting:
  case sandbox_state::stopping:
  case sandbox_state::destroying:
  case sandbox_state::pausing:
  case sandbox_state::resuming:
  case sandbox_state::resizing:
  case sandbox_state::pending_build:
  case sandbox_state::pulling_snapshot:
  case sandbox_state::building_snapshot:
  case sandbox_state::archiving:
  case sandbox_state::restoring:
    return true;
  case sandbox_state::started:
  case sandbox_state::stopped:
  case sandbox_state::paused:
  case sandbox_state::archived:
  case sandbox_state::error:
  case sandbox_state::destroyed:
    return false;
  }
  return false;
}

bool is_running(sandbox_state state) noexcept {
  return state == sandbox_state::started || state == sandbox_state::resizing;
}

} // namespace varve::projections
