// Processes by descriptor: a pid alone may name another process tomorrow.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// A process for ever: the pid and its start in clock ticks since boot.
struct process_id {
  pid_t pid = 0;
  std::uint64_t start = 0;

  friend bool operator==(const process_id&, const process_id&) = default;
};

// Start of a living process; not_found when there is none or it is a zombie.
result<process_id> identify(pid_t pid);

// A pidfd for exactly this process; not_found when it has ended.
result<unique_fd> open_process(const process_id& id);

// Whether the process ended within the limit.
bool wait_for_end(int pidfd, std::chrono::milliseconds limit) noexcept;

void signal_process(int pidfd, int signal) noexcept;

// Starts a program in a session of its own with empty signal mask, nothing
// open but /dev/null as 0 to 2 and `fds`, which become 3, 4, ... in order.
result<pid_t> spawn(const std::vector<std::string>& argv,
                    const std::vector<std::string>& environment,
                    const std::vector<int>& fds);

// Runs a program to its end with `input` as stdin; its stderr, at most 4 KiB,
// is the error's text when it fails or is not done in time (then killed).
result<void> run_program(const std::vector<std::string>& argv,
                         const std::string& input,
                         std::chrono::milliseconds limit);

} // namespace varve::runner
