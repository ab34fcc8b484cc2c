// Waiting for a descriptor with a limit, and with a way to be called off.
#pragma once

#include <chrono>

#include "events/base/result.hpp"

namespace varve::runner {

// Until `fd` can be read or has ended; timed_out past `until`, shutting_down
// once `cancel` can be read (-1: never).
result<void> wait_readable(int fd, std::chrono::steady_clock::time_point until,
                           int cancel);

} // namespace varve::runner
