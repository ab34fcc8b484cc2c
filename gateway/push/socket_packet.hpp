// Packets of Engine.IO 4 and of Socket.IO 5 inside them, as text, without any
// I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace varve::gateway {

// What a client sends over one WebSocket.
struct socket_packet {
  enum class kind : std::uint8_t {
    close,      // "1": of the whole session
    pong,       // "3"
    noop,       // "6"
    connect,    // "40{...}": to a namespace, with what authenticates
    disconnect, // "41": from a namespace
    event,      // "42[...]": also those that wait for an answer
  };

  kind what = kind::noop;
  std::string_view name_space = "/"; // "/admin"
  std::string_view data;             // JSON, as sent; may be empty
};

// Nothing for what a client of these versions never sends: binary packets, an
// acknowledgement of what asked for none, pings (the server's to send).
std::optional<socket_packet> parse_packet(std::string_view text) noexcept;

// The first packet: what the session is.
std::string open_packet(std::string_view session_id, std::uint32_t interval_ms,
                        std::uint32_t timeout_ms, std::size_t longest);
inline constexpr std::string_view ping_packet = "2";

std::string connected_packet(std::string_view socket_id);
// `message` is shown to whoever runs the client.
std::string refused_packet(std::string_view name_space,
                           std::string_view message);
// `data` is JSON.
std::string event_packet(std::string_view name, std::string_view data);

} // namespace varve::gateway
