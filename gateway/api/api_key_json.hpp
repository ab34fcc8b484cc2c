// An API key as lists show it: masked, never the key itself.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "projections/queries.hpp"

namespace varve::gateway {

boost::json::object api_key_json(const projections::api_key_view& key);

} // namespace varve::gateway
