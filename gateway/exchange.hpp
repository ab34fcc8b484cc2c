// A request and its answer as handlers see them: no sockets, no HTTP library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "events/record.hpp"

namespace varve::gateway {

struct header_field {
  std::string name;
  std::string value;
};

class header_list {
 public:
  std::vector<header_field> fields;

  void add(std::string name, std::string value);
  // The first of that name, in any case; nullptr when there is none.
  const std::string* find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
};

bool same_ignoring_case(std::string_view a, std::string_view b) noexcept;

// Whose key came with the request.
struct principal {
  std::string organization_id;
  std::string key_name;
  std::string user_id;
  std::vector<std::string> permissions;
  log::digest key_hash{};
  std::uint16_t partition = 0; // of the organization

  bool may(std::string_view permission) const noexcept;
};

struct request {
  std::string method;
  std::string path;  // as sent, still percent-encoded
  std::string query; // as sent, without '?'
  unsigned version = 11;
  header_list headers;
  std::vector<std::string> captures; // of the route's pattern, decoded
  std::string body;
  // The parsed body of a route that takes one; null when none was sent.
  std::shared_ptr<const boost::json::value> json;
  std::string base_url; // "http://host:port", no slash at the end
  std::string peer;     // the client's address
  // The command's id: made from the client's own where it sent one, else a
  // UUIDv7.
  std::string correlation_id;
  // Of what came with an Idempotency-Key.
  std::optional<log::digest> fingerprint;
  std::optional<principal> who;
  bool is_for_guest = false; // to be passed on to a sandbox
};

struct response {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  header_list headers;
  std::optional<log::position> at; // what the answer shows; else the newest
  bool close = false;
  // Called when the peer left, or could not be written to, before this was
  // answered. Must not block.
  std::function<void()> if_lost;
};

} // namespace varve::gateway
