#pragma once

#include "gateway/api/handlers.hpp"

namespace varve::gateway {

answer list_warm_pools(services& s, const request& r);
answer create_warm_pool(services& s, const request& r);
answer resize_warm_pool(services& s, const request& r);
answer delete_warm_pool(services& s, const request& r);

} // namespace varve::gateway
