// A request whose Idempotency-Key is known already is not carried out again:
// it has the status of then and shows the sandbox as it is now.
#pragma once

#include <optional>

#include "gateway/api/services.hpp"

namespace varve::gateway {

// Whether the client chose the command's id.
bool has_own_command_id(const request& r) noexcept;

// Of method, target and body: what must be the same under the same key.
log::digest fingerprint_of(const request& r);

// Nothing when the key is new, or the answer shows no sandbox and is the
// handler's to make again. reused when the key was another request's.
awaitable<result<std::optional<response>>> repeated_answer(services& s,
                                                           const request& r);

} // namespace varve::gateway
