// Which header fields cross the border to a sandbox, and back.
#pragma once

#include <string_view>

#include "gateway/exchange.hpp"
#include "gateway/server/message_reader.hpp"

namespace varve::gateway {

// Without what belongs to the connection, and without the caller's keys and
// tokens: a sandbox must not see them. Framing is as the request's.
header_list headers_for_guest(const request& r, const message_head& head);

// The query without the caller's token.
std::string query_for_guest(std::string_view query);

// Without what belongs to the connection and what a sandbox must not say in
// our name (cookies, CORS, our own fields). `prefix` goes before the path of
// a redirect. `keeps_cors`: the caller asked that the sandbox answers CORS.
header_list headers_for_client(const message_head& answer,
                               std::string_view prefix, bool keeps_cors);

} // namespace varve::gateway
