// A sandbox's events as they happen (text/event-stream): all of them, or those
// after Last-Event-ID. Ends after the last one, SandboxDestroyed.
#pragma once

#include "gateway/api/services.hpp"
#include "gateway/server/connection.hpp"
#include "gateway/server/site.hpp"

namespace varve::gateway {

bool wants_event_stream(const request& r) noexcept;

// `with` finishes answers and outlives the request.
awaitable<stream_end> stream_events(services& s, client_side client,
                                    const request& r, const serving& with);

} // namespace varve::gateway
