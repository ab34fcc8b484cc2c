// The events that reports of a runner, or their absence, lead to.
#pragma once

#include "actors/sandbox/decide.hpp"

namespace varve::sandbox {

decision resolved(const state& s, const input& what,
                  const decision_context& context);
decision pulled(const state& s, const input& what,
                const decision_context& context);
decision started(const state& s, const input& what,
                 const decision_context& context);
decision found_busy(const state& s, const input& what,
                    const decision_context& context);
decision stopped(const state& s, const input& what,
                 const decision_context& context);
decision paused(const state& s, const input& what,
                const decision_context& context);
decision resumed(const state& s, const input& what,
                 const decision_context& context);
decision archived(const state& s, const input& what,
                  const decision_context& context);
decision adjusted(const state& s, const input& what,
                  const decision_context& context);
decision failed(const state& s, const input& what,
                const decision_context& context);
decision oom_killed(const state& s, const input& what);
decision destroyed(const state& s, const input& what,
                   const decision_context& context);

} // namespace varve::sandbox
