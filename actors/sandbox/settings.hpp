// What a sandbox is set to: labels, timers, who may see it, its size and
// network. Setting what is set already is no event.
#pragma once

#include "actors/sandbox/decide.hpp"

namespace varve::sandbox {

decision relabelled(const state& s, const ReplaceLabels& c);
decision rekeyed(const state& s, const RotateSigningKey& c);
decision published(const state& s, const SetPublic& c);
decision timed(const state& s, const SetTimers& c,
               const decision_context& context);
// wrong_state when nothing changes, or when it runs and would shrink.
result<decision> resized(const state& s, const ResizeSandbox& c,
                         const decision_context& context);
decision connected(const state& s, const SetNetwork& c,
                   const decision_context& context);

} // namespace varve::sandbox
