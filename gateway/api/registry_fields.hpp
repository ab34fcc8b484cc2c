// What a client says about a registry of images.
#pragma once

#include <optional>
#include <string>

#include "events/base/result.hpp"
#include "gateway/exchange.hpp"

namespace varve::gateway {

struct registry_fields {
  std::string name;
  std::string url;
  std::string username;
  std::optional<std::string> password;
  std::optional<std::string> project;
};

// Checked; invalid, naming the member. `needs_password`: for a new one.
result<registry_fields> parse_registry(const request& r, bool needs_password);

} // namespace varve::gateway
