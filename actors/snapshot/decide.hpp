// What a snapshot does about a command or a runner's answer. Pure.
#pragma once

#include <variant>

#include "actors/sandbox/decide.hpp"
#include "actors/snapshot/state.hpp"

namespace varve::snapshot {

// Creation from an image is decided by the organization.
using input = std::variant<RegisterSnapshot, ActivateSnapshot,
                           DeactivateSnapshot, RemoveSnapshot,
                           sandbox::RunnerAnswered, sandbox::DeadlineReached>;

trigger judge(const state& s, const input& what) noexcept;

// Errors: not_found, conflict when it is another's or has another name,
// wrong_state, forbidden for a general one that is not the caller's. What is
// so already decides to nothing.
result<decision> decide(const state& s, const input& what,
                        std::string_view organization_id, timestamp now);

// The operation whose outcome the log waits for.
std::optional<sandbox::operation_owed> owed_operation(const state& s);

} // namespace varve::snapshot
