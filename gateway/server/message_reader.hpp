// Reads HTTP/1 messages off a stream and refuses what two readers could
// understand differently (request smuggling).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateway/exchange.hpp"
#include "gateway/server/byte_stream.hpp"

namespace varve::gateway {

struct message_head {
  unsigned version = 11; // 10 or 11
  std::string method;    // of a request
  std::string target;    // of a request
  unsigned status = 0;   // of a response
  header_list headers;
  bool keep_alive = false;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  bool wants_upgrade = false; // to WebSocket
  bool expects_continue = false;
};

enum class head_outcome {
  complete,
  closed,    // before the first byte, or in the midst
  malformed, // answer 400 and close
  too_large, // answer 431 and close
};

// Holds what was read beyond the current message. One user at a time, on the
// stream's strand.
class message_reader {
 public:
  enum class kind { request, response };

  message_reader(byte_stream& from, kind what, std::size_t header_limit);
  ~message_reader();
  message_reader(const message_reader&) = delete;
  message_reader& operator=(const message_reader&) = delete;

  // The next message's head. `first_byte` bounds the wait for it to begin,
  // `rest` the time until it is whole. `bodiless`: the answer to a HEAD.
  awaitable<head_outcome> read_head(std::chrono::milliseconds first_byte,
                                    std::chrono::milliseconds rest,
                                    bool bodiless = false);
  const message_head& head() const noexcept;

  // Decoded body bytes into `into`; 0 bytes without failure is the end.
  awaitable<io_outcome> read_body(asio::mutable_buffer into,
                                  std::chrono::milliseconds limit);
  // The whole message was read.
  bool is_complete() const noexcept;
  // The body ends where the stream ends.
  bool ends_with_stream() const noexcept;

  // Returns when the peer has closed or failed, buffering what it sends in
  // the meantime; never when the buffer is full.
  awaitable<void> await_peer_gone(std::chrono::milliseconds limit);

  // Bytes read beyond the message, for a stream that left HTTP.
  std::string take_rest();

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace varve::gateway
