// Passes one request on to a sandbox's toolbox and its answer back, both at
// once and piece by piece, and becomes a plain pipe when both sides agree to
// leave HTTP (WebSocket).
#pragma once

#include <memory>
#include <string>

#include "gateway/limits.hpp"
#include "gateway/server/site.hpp"

namespace varve::gateway {

struct relay_plan {
  std::string target;    // path and query for the toolbox
  header_list for_guest; // the request's fields
  header_list common;    // what every answer of ours bears
  std::string redirect_prefix;
  bool keeps_cors = false;
  // The answer when the toolbox gives none.
  std::function<response(std::string_view why)> no_answer;
  // Writes an answer of ours to the client.
  std::function<awaitable<bool>(response)> reply;
};

// Ends when the answer is through, either side fails, or the client leaves.
awaitable<stream_end> relay(client_side client, const request& r,
                            std::shared_ptr<byte_stream> guest,
                            const limits& bounds, relay_plan plan);

} // namespace varve::gateway
