#include "gateway/admin/organization_command.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/json_fields.hpp"
#include "gateway/api/quota_json.hpp"

namespace varve::gateway {

namespace json = boost::json;

result<CreateOrganization> new_organization(services& s,
                                            const json::object& body) {
  VARVE_TRY(auto name, text_member(body, "name"));
  if (!name || name->empty())
    return failure(errc::invalid, "name must be a string");
  VARVE_CHECK(check_display_text("name", *name));
  VARVE_TRY(auto known, s.reads.organizations());
  for (const auto& other : known)
    if (other.name == *name)
      return failure(errc::conflict,
                     "Organization with name " + *name + " already exists");
  CreateOrganization out;
  out.name = *name;
  out.default_region = s.options.region;
  if (const auto* quota = member(body, "quota")) {
    if (!quota->is_object())
      return failure(errc::invalid, "quota must be an object");
    VARVE_CHECK(change_quota(out.quota, quota->get_object()));
  }
  return out;
}

json::object
organization_json(const projections::organization_view& organization) {
  json::object out;
  out["id"] = organization.id;
  out["name"] = organization.name;
  out["quota"] = quota_json(organization.quota);
  return out;
}

std::optional<std::string> organization_in(std::string_view path) {
  constexpr std::string_view before = "/organizations/";
  constexpr std::string_view after = "/quota";
  if (!path.starts_with(before) || !path.ends_with(after)
      || path.size() <= before.size() + after.size())
    return std::nullopt;
  path.remove_prefix(before.size());
  path.remove_suffix(after.size());
  return std::string{path};
}

} // namespace varve::gateway
