// A sandbox, a snapshot and a region as clients of any version expect them:
// the union of what 0.190 and the newest require.
#pragma once

#include <boost/json/fwd.hpp>

#include "gateway/api/services.hpp"

namespace varve::gateway {

// With env in clear. undecipherable when a live sandbox's env cannot be read.
result<boost::json::object>
full_sandbox_json(services& s, const request& r,
                  const projections::sandbox_view& v);

// As in lists: without env and what else only the full one has.
boost::json::object sandbox_item_json(services& s, const request& r,
                                      const projections::sandbox_view& v);

boost::json::object snapshot_json(services& s,
                                  const projections::snapshot_view& v);

boost::json::object region_json(services& s, const request& r);

// Where toolbox requests go: without the sandbox's id, no slash at the end.
std::string toolbox_proxy_url(services& s, const request& r);
std::string public_base_url(services& s, const request& r);

} // namespace varve::gateway
