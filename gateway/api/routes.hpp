// Every path of the API in one place, and the finding of one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/services.hpp"

namespace varve::gateway {

using handler = awaitable<result<response>> (*)(services&, const request&);

struct route {
  std::string_view method;
  // Segments; "{x}" captures one, decoded.
  std::string_view pattern;
  enum class access { anybody, key } who = access::key;
  std::string_view permission; // empty: any key of the organization
  bool takes_body = false;
  handler run = nullptr;
};

struct route_match {
  const route* found = nullptr;
  std::vector<std::string> captures;
};

// The first that fits, in the table's order; HEAD is answered by GET's.
route_match find_route(std::span<const route> routes, std::string_view method,
                       std::string_view path);

std::span<const route> api_routes() noexcept;

} // namespace varve::gateway
