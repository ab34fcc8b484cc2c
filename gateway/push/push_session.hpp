// The Socket.IO endpoint that SDKs open beside the API: one session over one
// WebSocket.
#pragma once

#include "gateway/push/push_hub.hpp"
#include "gateway/server/connection.hpp"
#include "gateway/server/site.hpp"

namespace varve::gateway {

// "/api/socket.io" or "/api/socket.io/".
bool is_push_path(std::string_view path) noexcept;

// Upgrades, waits until the client has said whose key it bears, and keeps it
// in the hub until it goes. `with` finishes the answer and outlives it.
awaitable<stream_end> serve_push(services& s, push_hub& hub, client_side client,
                                 const request& r, const serving& with);

} // namespace varve::gateway
