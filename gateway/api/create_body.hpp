// The body of POST /sandbox, read and checked as far as it can be without
// asking anybody.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <boost/json/fwd.hpp>

#include "gateway/api/image_fields.hpp"

namespace varve::gateway {

struct create_body {
  std::string name;     // empty = the id
  std::string snapshot; // id, name or alias; empty = the default one
  std::string user;     // empty = the default one
  std::string target;   // empty = the organization's default region
  std::map<std::string, std::string> env;
  std::map<std::string, std::string> labels;
  bool is_public = false;
  std::int32_t auto_stop = 15;
  std::int32_t auto_pause = 0;
  std::int32_t auto_delete = -1;
  std::int32_t auto_archive = 7 * 24 * 60;
  std::uint32_t ttl_minutes = 0; // 0 = no end
  network_rules network;
  // Instead of a snapshot; `resources` are its.
  image_choice from;
  schema::Resources resources;
};

// Errors: invalid naming the member; unsupported naming a member that clients
// know and this server does not carry out. Unknown members are ignored.
result<create_body> parse_create_body(const boost::json::object& body);

// Minutes until one that is stopped is archived, as asked for: 0 and too many
// are the most there can be.
std::int32_t auto_archive_of(std::int32_t asked) noexcept;

// Labels on their own (PUT /sandbox/{id}/labels) obey the same rules.
result<void> check_labels(const std::map<std::string, std::string>& labels);

} // namespace varve::gateway
