// A plain pipe between two streams that have left HTTP.
#pragma once

#include <string>

#include "gateway/limits.hpp"
#include "gateway/server/byte_stream.hpp"

namespace varve::gateway {

struct pipe_ends {
  byte_stream& client;
  byte_stream& guest;
  std::string first_to_client; // sent before anything else
  std::string first_to_guest;
};

// Passes bytes both ways until both are done or either fails. When one side
// has ended, the other gets a while to finish.
awaitable<void> pipe_until_closed(pipe_ends ends, const limits& bounds);

} // namespace varve::gateway
