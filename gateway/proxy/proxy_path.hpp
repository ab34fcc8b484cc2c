// Where a request for a sandbox's toolbox is to go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace varve::gateway {

struct proxy_path {
  std::string sandbox_id;   // as sent; whether it is one is not checked
  std::string rest;         // from the slash after it, still encoded
  bool through_api = false; // "/api/toolbox/{id}/toolbox/..."
  bool by_host = false;     // "2280-{id}.{domain}", which the path is not of
};

// The two forms of a path; nothing when it is of neither, `rest` is empty
// when no slash follows the id.
std::optional<proxy_path> parse_proxy_path(std::string_view path);

} // namespace varve::gateway
