#include "gateway/api/api_key_json.hpp"

namespace varve::gateway {

boost::json::object api_key_json(const projections::api_key_view& key) {
  constexpr std::size_t stars = 20;
  boost::json::object out;
  out["name"] = key.name;
  out["value"] = key.prefix + std::string(stars, '*') + key.suffix;
  out["userId"] = key.user_id;
  out["permissions"] =
      boost::json::array(key.permissions.begin(), key.permissions.end());
  out["createdAt"] = to_iso8601(key.created_at);
  out["lastUsedAt"] = nullptr;
  out["expiresAt"] = nullptr;
  if (key.expires_at != 0)
    out["expiresAt"] = to_iso8601(key.expires_at);
  return out;
}

} // namespace varve::gateway
