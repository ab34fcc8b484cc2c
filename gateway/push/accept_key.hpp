// The handshake of WebSockets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace varve::gateway {

// What answers a request's Sec-WebSocket-Key; nothing when that is not 16
// bytes in Base64.
std::optional<std::string> accept_key(std::string_view key);

} // namespace varve::gateway
