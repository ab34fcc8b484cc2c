// One client connection, from its first byte to its last.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "events/base/clock.hpp"
#include "gateway/limits.hpp"
#include "gateway/server/site.hpp"

namespace varve::gateway {

// Shared by the connections of one listener; outlives them.
struct serving {
  site& where;
  const limits& bounds;
  const clock& time;
  const std::atomic<bool>& is_stopping;
  bool is_secure = false;
  std::string own_address; // for requests that name no host
};

// Serves requests one after another until either side closes.
awaitable<void> serve_connection(std::shared_ptr<byte_stream> client,
                                 const serving& with, std::string peer);

// Writes an answer whose body is in memory.
awaitable<bool> write_response(client_side to, const request& r,
                               const response& out, bool keep_alive,
                               const serving& with);

} // namespace varve::gateway
