// A gateway that serves object storage too.
#pragma once

#include <memory>

#include "gateway/gateway.hpp"

namespace varve::gateway {

class object_store;

// As gateway::start. Without a store, who asks for object storage is told that
// it is not configured.
result<std::unique_ptr<gateway>>
start_with_objects(gateway_options options, control& commands,
                   projections::queries& reads, vault& secrets, guest& guests,
                   history& past, const clock& time, admin_hooks hooks,
                   std::shared_ptr<object_store> objects);

} // namespace varve::gateway
