// Whether a log goes on elsewhere.
#pragma once

#include <string_view>

#include "events/local_store.hpp"

namespace varve::log {

// log_unavailable, saying where it goes on, when the newest of a partition's
// own records is a LogSealed that names another place than this.
result<void> check_seal(local_store& store, std::uint16_t partition,
                        std::string_view place);

} // namespace varve::log
