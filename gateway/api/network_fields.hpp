// networkBlockAll, networkAllowList and domainAllowList of a request.
#pragma once

#include <boost/json/fwd.hpp>

#include "actors/control.hpp"

namespace varve::gateway {

// Nothing when none of them is given. invalid naming what is wrong with the
// list, in the words clients know; unsupported for domains.
result<std::optional<network_rules>>
read_network(const boost::json::object& body);

} // namespace varve::gateway
