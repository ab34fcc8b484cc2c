#include "gateway/admin/key_command.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "gateway/api/json_fields.hpp"
#include "gateway/api/wire_time.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

// All there are; a key that names none gets all of them.
constexpr std::array<std::string_view, 15> all_permissions{
    "write:registries", "delete:registries", "write:snapshots",
    "delete:snapshots", "write:sandboxes",   "delete:sandboxes",
    "read:volumes",     "write:volumes",     "delete:volumes",
    "write:regions",    "delete:regions",    "read:runners",
    "write:runners",    "delete:runners",    "read:audit_logs"};

bool is_permission(std::string_view text) noexcept {
  return std::find(all_permissions.begin(), all_permissions.end(), text)
         != all_permissions.end();
}

result<std::vector<std::string>> permissions_of(const json::object& body) {
  const auto* given = member(body, "permissions");
  if (!given)
    return std::vector<std::string>(all_permissions.begin(),
                                    all_permissions.end());
  if (!given->is_array())
    return failure(errc::invalid, "permissions must be an array of strings");
  std::vector<std::string> out;
  for (const auto& p : given->get_array()) {
    if (!p.is_string())
      return failure(errc::invalid, "permissions must be an array of strings");
    std::string name{p.get_string().data(), p.get_string().size()};
    if (!is_permission(name))
      return failure(errc::invalid, "permissions must not hold " + name);
    out.push_back(std::move(name));
  }
  return out;
}

result<timestamp> expiry_of(const json::object& body, timestamp now) {
  VARVE_TRY(auto given, text_member(body, "expiresAt"));
  if (!given)
    return timestamp{0};
  auto at = from_iso8601(*given);
  if (!at || *at <= now)
    return failure(errc::invalid,
                   "expiresAt must be an ISO 8601 date in the future");
  return *at;
}

} // namespace

result<std::string> organization_for(services& s, const std::string& given) {
  VARVE_TRY(auto all, s.reads.organizations());
  for (const auto& o : all)
    if (o.id == given)
      return o.id;
  if (!given.empty())
    return failure(errc::not_found, "Organization " + given + " not found");
  if (all.size() != 1)
    return failure(errc::invalid, "organizationId must be given: there are "
                                      + std::to_string(all.size())
                                      + " organizations");
  return all.front().id;
}

result<fresh_key> new_key(services& s, const json::object& body) {
  constexpr std::size_t shown = 3;
  fresh_key out;
  VARVE_TRY(auto name, text_member(body, "name"));
  if (!name || name->empty())
    return failure(errc::invalid, "name must be a string");
  VARVE_CHECK(check_display_text("name", *name));
  VARVE_TRY(auto organization, text_member(body, "organizationId"));
  VARVE_TRY(auto user, text_member(body, "userId"));
  VARVE_TRY(out.organization_id,
            organization_for(s, organization.value_or("")));
  VARVE_TRY(out.what.permissions, permissions_of(body));
  VARVE_TRY(out.what.expires_at, expiry_of(body, s.time.now()));
  out.clear = make_api_key();
  out.what.name = *name;
  out.what.user_id = user.value_or("operator");
  out.what.hash =
      log::sha256(std::as_bytes(std::span{out.clear.data(), out.clear.size()}));
  out.what.prefix = out.clear.substr(0, shown);
  out.what.suffix = out.clear.substr(out.clear.size() - shown);
  return out;
}

json::object key_json(const fresh_key& key, timestamp now) {
  json::object out;
  out["name"] = key.what.name;
  out["value"] = key.clear;
  out["organizationId"] = key.organization_id;
  out["userId"] = key.what.user_id;
  out["permissions"] =
      json::array(key.what.permissions.begin(), key.what.permissions.end());
  out["createdAt"] = to_iso8601(now);
  out["expiresAt"] = nullptr;
  if (key.what.expires_at != 0)
    out["expiresAt"] = to_iso8601(key.what.expires_at);
  return out;
}

} // namespace varve::gateway
