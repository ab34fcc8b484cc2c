// The table state x trigger of a snapshot. Complete: every cell has an action.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "events/base/clock.hpp"

namespace varve::snapshot {

enum class status : std::uint8_t {
  absent,  // no event yet
  pending, // what its image's name stands for is asked
  pulling, // its image is on its way to the runner, or being built
  active,
  inactive, // no sandbox is made of it
  error,
  removing,
  removed,
};
inline constexpr std::size_t status_count = 8;

// Already judged against the state: an answer that is not for the operation
// owed now is `stale`.
enum class trigger : std::uint8_t {
  register_image, // there is an image for it on the runner
  activate,
  deactivate,
  remove,
  answered_done, // the owed operation
  answered_failed,
  deadline,
  stale,
};
inline constexpr std::size_t trigger_count = 8;

enum class action : std::uint8_t {
  nothing, // already so, or of no meaning
  register_image,
  request_activation,
  deactivate,
  request_removal,
  mark_resolved,
  mark_active,
  mark_failed,
  mark_removed,
  retry_removal,
  refuse_unknown,      // 404
  refuse_active,       // 400
  refuse_not_inactive, // 400
  refuse_removed,      // 400
};

action action_for(status now, trigger what) noexcept;

std::string_view name_of(status value) noexcept;
std::string_view name_of(trigger value) noexcept;

// How long a state may take before its deadline passes, in ms; 0 = for ever.
// A removal that was asked for again waits longer each time, up to 8 minutes.
timestamp patience_of(status value, std::uint32_t attempt) noexcept;

} // namespace varve::snapshot
