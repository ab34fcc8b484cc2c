// Heads as they go out.
#pragma once

#include <string>
#include <string_view>

#include "events/base/clock.hpp"
#include "gateway/exchange.hpp"

namespace varve::gateway {

std::string response_head(unsigned status, const header_list& headers);
std::string request_head(std::string_view method, std::string_view target,
                         const header_list& headers);

// "1f\r\n"
std::string chunk_prefix(std::size_t size);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(timestamp t);

// What belongs to one connection and is never passed on, and what the
// Connection field itself names.
bool is_hop_by_hop(const header_list& all, std::string_view name) noexcept;

} // namespace varve::gateway
