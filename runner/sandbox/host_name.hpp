// The name a running sandbox calls itself, once it is known.
#pragma once

#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/process.hpp"

namespace varve::runner {

// In the UTS namespace of PID 1, where only the host may set it any more, and
// in the /etc/hostname and /etc/hosts that the guest sees. `address` is dotted.
// Any thread; before any guest code runs.
result<void> set_host_name(process_id pid_1, int pidfd, const std::string& name,
                           const std::string& address);

} // namespace varve::runner
