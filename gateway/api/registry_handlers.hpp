// Registries of images, and where clients push and upload to.
#pragma once

#include "gateway/api/services.hpp"

namespace varve::gateway {

// registry_handlers.cpp
awaitable<result<response>> list_registries(services& s, const request& r);
awaitable<result<response>> get_registry(services& s, const request& r);
awaitable<result<response>> add_registry(services& s, const request& r);
awaitable<result<response>> change_registry(services& s, const request& r);
awaitable<result<response>> remove_registry(services& s, const request& r);
awaitable<result<response>> get_registry_push_access(services& s,
                                                     const request& r);

// storage_handlers.cpp
awaitable<result<response>> get_push_access(services& s, const request& r);

} // namespace varve::gateway
