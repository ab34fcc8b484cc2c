// What a listener serves: decides on a request from its head, before anything
// of the body is read.
#pragma once

#include <functional>
#include <optional>

#include "gateway/exchange.hpp"
#include "gateway/server/message_reader.hpp"

namespace varve::gateway {

struct client_side {
  byte_stream& stream;
  message_reader& reader; // its head is the request's
};

enum class stream_end { keep_alive, close };

class site {
 public:
  // Exactly one is set.
  struct decision {
    std::optional<response> ready;
    // Called with the whole body in the request.
    std::function<awaitable<response>(request&)> with_body;
    // Reads and answers by itself.
    std::function<awaitable<stream_end>(client_side, request&)> streaming;
  };

  virtual ~site() = default;
  // Any thread; must not block for long.
  virtual decision decide(request& r) = 0;
  // Adds what every answer bears.
  virtual void finish(const request& r, response& out) = 0;
  // For what never became a request: 400, 408, 413, 431.
  virtual response refusal(const request& r, unsigned status) = 0;
};

} // namespace varve::gateway
