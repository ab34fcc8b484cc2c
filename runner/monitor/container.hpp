// The container under the monitor: started through the OCI runtime, waited
// for to its end.
#pragma once

#include <map>
#include <string>

#include <sys/types.h>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/monitor/monitor_options.hpp"

namespace varve::runner {

struct container {
  pid_t pid = 0;
  unique_fd output; // what it and the runtime write to stdout and stderr
  std::string text; // the first 4 KiB of it
  std::map<pid_t, int> ended; // wait status of everything reaped so far
};

// Has the runtime start the bundle at <run>. The error holds what it said.
result<container> start_container(const monitor_options& options);

// Waits, reaping whatever is inherited. The wait status of PID 1.
int wait_for_container(container& c);

} // namespace varve::runner
