// The body of POST /snapshots, read and checked as far as it can be without
// asking anybody.
#pragma once

#include <string>

#include <boost/json/fwd.hpp>

#include "gateway/api/image_fields.hpp"

namespace varve::gateway {

struct snapshot_body {
  std::string name;
  image_choice from;
  schema::Resources resources;
  std::string region; // empty = the organization's default region
};

// Errors: invalid with the words clients know; unsupported naming the member
// that this server does not carry out. Unknown members are ignored.
result<snapshot_body> parse_snapshot_body(const boost::json::object& body);

} // namespace varve::gateway
