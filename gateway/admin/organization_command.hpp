// Organizations as the administrator makes and sees them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "gateway/api/services.hpp"

namespace varve::gateway {

// {name, quota?}. invalid, naming the member; conflict for a name there is.
result<CreateOrganization> new_organization(services& s,
                                            const boost::json::object& body);

boost::json::object
organization_json(const projections::organization_view& organization);

// Of "/organizations/{id}/quota".
std::optional<std::string> organization_in(std::string_view path);

} // namespace varve::gateway
