// Makes a new API key and the command that records it.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "gateway/api/services.hpp"

namespace varve::gateway {

struct fresh_key {
  std::string clear; // shown once, kept nowhere
  std::string organization_id;
  CreateApiKey what;
};

// The organization's id: as given, else the only one there is.
result<std::string> organization_for(services& s, const std::string& given);

result<fresh_key> new_key(services& s, const boost::json::object& body);

boost::json::object key_json(const fresh_key& key, timestamp now);

} // namespace varve::gateway
