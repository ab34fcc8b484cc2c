// Freezing all that runs in a sandbox, and thawing it. Frozen processes keep
// their memory and take no processor time.
#pragma once

#include <chrono>
#include <string>

#include "events/base/result.hpp"
#include "runner/sandbox/cgroups.hpp"

namespace varve::runner {

// Each may be repeated, and is harmless to a sandbox that does not run.

// unsupported when this host cannot; timed_out when something of it does not
// stop, and then it runs on.
result<void> freeze(const cgroups& groups, const std::string& id,
                    std::chrono::steady_clock::time_point until);

result<void> thaw(const cgroups& groups, const std::string& id,
                  std::chrono::steady_clock::time_point until);

bool is_frozen(const cgroups& groups, const std::string& id);

} // namespace varve::runner
