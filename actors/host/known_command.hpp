// Commands that are on the log already: repeated, they are answered, not
// decided again.
#pragma once

#include <optional>
#include <string>

#include "events/local_store.hpp"

namespace varve::host {

// The record of the organization's command with this id; null when there is
// none. reused when it was another request. Blocks on the store.
result<log::record_ptr>
known_command(log::local_store& store, const std::string& organization_id,
              const std::string& command_id,
              const std::optional<log::digest>& request);

} // namespace varve::host
