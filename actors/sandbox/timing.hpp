// When a sandbox must be looked at again: the deadlines of states that do not
// move by themselves. One deadline is on the log at a time, the soonest.
#pragma once

#include <cstdint>

#include "actors/sandbox/state.hpp"

namespace varve::sandbox {

// The sooner of two; 0 = never.
timestamp earlier(timestamp a, timestamp b) noexcept;

// `minutes` from now; 0 = never.
timestamp end_of_life(std::uint32_t minutes, timestamp now) noexcept;

// How long it may be unused before it is stopped or paused, in ms; 0 = for
// ever.
timestamp idle_time(const timers& t) noexcept;

// Whether one that stays stopped is archived before it is deleted, if ever.
bool is_archived_first(const timers& t) noexcept;

// Since when it has been in its state, or unused, or stopped: what its
// deadline is counted from.
timestamp since_of(const state& s) noexcept;

// Its next deadline when it has been in `at` since `since`, or was last used
// then, or stopped then and archived since. Without `attempt` that of a first
// destroy.
timestamp deadline_in(status at, const timers& t, timestamp destroy_at,
                      timestamp since, std::uint32_t attempt = 0) noexcept;

} // namespace varve::sandbox
