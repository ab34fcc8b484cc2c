// A sandbox that was made for a client who never heard of it.
#pragma once

#include <string>

#include "gateway/api/services.hpp"

namespace varve::gateway {

// Lets it end in a minute, so that whoever finds it by other ways can keep it.
// Does not block. It stays among the open creates until that is on the log.
void abandon(services& s, const std::string& organization_id,
             const std::string& sandbox_id);

} // namespace varve::gateway
