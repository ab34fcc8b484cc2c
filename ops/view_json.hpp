// What the read models hold, as JSON for people and scripts. Nothing that is
// sealed.
#pragma once

#include <boost/json/fwd.hpp>

#include "projections/queries.hpp"

namespace varve::ops {

boost::json::object view_json(const projections::sandbox_view& v);
boost::json::object view_json(const projections::snapshot_view& v);
boost::json::object view_json(const projections::api_key_view& v);
boost::json::object view_json(const projections::organization_view& v);
boost::json::object view_json(const projections::runner_view& v);

} // namespace varve::ops
