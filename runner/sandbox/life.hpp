// Whether a sandbox runs, read from the kernel, and how it is ended.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/process.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/monitor/run_state.hpp"
#include "runner/sandbox/cgroups.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

struct running_sandbox {
  process_id pid_1;
  unique_fd pidfd;
};

// PID 1 when it runs, is a member of the sandbox's group and was started in
// this run of the machine.
std::optional<running_sandbox> find_running(const layout& where,
                                            const std::string& id,
                                            const std::string& boot_id);

// How it ended.
struct sandbox_end {
  std::optional<exit_report> exit; // nothing: nobody saw it
  bool out_of_memory = false;
};

// SIGTERM to PID 1, SIGKILL to everything after `grace` (0 = at once), the
// monitor last so that it can write down how it ended. Repeating it is
// harmless, and so is doing it to a sandbox that is half started or ended.
result<sandbox_end> end_processes(const layout& where, const cgroups& groups,
                                  const std::string& id,
                                  std::chrono::milliseconds grace);

} // namespace varve::runner
