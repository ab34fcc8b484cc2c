// The wire format of WebSockets (RFC 6455), a server's side: frames from
// bytes and bytes from frames, without any I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace varve::toolbox {

enum class ws_kind : unsigned char {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

// A whole message, or a control frame.
struct ws_message {
  ws_kind kind = ws_kind::binary;
  std::string payload;
};

namespace ws_code {
constexpr unsigned normal = 1000;
constexpr unsigned going_away = 1001;
constexpr unsigned protocol_error = 1002;
constexpr unsigned policy_violation = 1008;
constexpr unsigned too_big = 1009;
constexpr unsigned failed = 1011;
constexpr unsigned timed_out = 4008; // of an execution
} // namespace ws_code

class ws_reader {
 public:
  // The longest message it puts together.
  explicit ws_reader(std::size_t limit) : limit_{limit} {
    // nop
  }

  // Adds what these bytes complete. A value is the code to close with: the
  // other side breaks the protocol, and nothing after it is read.
  std::optional<unsigned> feed(std::string_view bytes,
                               std::vector<ws_message>& out);

 private:
  struct header {
    ws_kind kind;
    bool is_last;
    std::size_t size;    // of the header, with the mask
    std::size_t payload; // announced
  };

  // Nullopt in `out` when more bytes are needed.
  std::optional<unsigned> parse_header(std::optional<header>& out) const;
  std::optional<unsigned> check(const header& h) const;
  void take(const header& h, std::vector<ws_message>& out);

  std::size_t limit_;
  std::string pending_;
  std::optional<ws_message> partial_; // of a fragmented message
};

// Unmasked and whole, as a server sends.
std::string ws_frame(ws_kind kind, std::string_view payload);
// The reason is cut at 123 bytes.
std::string ws_close_frame(unsigned code, std::string_view reason);

// Sec-WebSocket-Accept for a client's Sec-WebSocket-Key.
std::string ws_accept(std::string_view key);
// Whether it is the base64 of 16 bytes.
bool is_ws_key(std::string_view key);

} // namespace varve::toolbox
