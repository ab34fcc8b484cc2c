// The wire format of WebSockets (RFC 6455), a server's side, without any I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace varve::gateway {

enum class frame_kind : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unacceptable = 1003,
  policy_violation = 1008,
  too_big = 1009,
};

// A whole message, or a control frame.
struct frame_message {
  frame_kind kind = frame_kind::text;
  std::string payload;
};

// Puts a client's messages together. Holds no more than the longest one and
// what came with it.
class frame_reader {
 public:
  explicit frame_reader(std::size_t longest) : longest_(longest) {
    // nop
  }

  // Adds what these bytes complete to `out`. A value is the code to close
  // with: the client breaks the protocol, and nothing after it is read.
  std::optional<close_code> feed(std::string_view bytes,
                                 std::vector<frame_message>& out);

 private:
  struct header {
    frame_kind kind = frame_kind::text;
    bool is_last = false;
    std::size_t size = 0;    // of the header, with the mask
    std::size_t payload = 0; // announced
  };

  // Nothing in `out` when more bytes are needed.
  std::optional<close_code> read_header(std::string_view bytes,
                                        std::optional<header>& out) const;
  std::optional<close_code> check(const header& h) const;
  void take(const header& h, std::string payload,
            std::vector<frame_message>& out);

  std::size_t longest_;
  std::string pending_;                  // less than a frame
  std::optional<frame_message> partial_; // in pieces, its last not come yet
};

// As the server sends it: whole and unmasked.
std::string frame_of(frame_kind kind, std::string_view payload);
std::string close_frame(close_code code);

} // namespace varve::gateway
