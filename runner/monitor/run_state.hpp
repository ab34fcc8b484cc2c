// What monitor and runner tell each other through the sandbox's run-time
// directory:
//
//   boot      id of the machine's run, by the runner
//   monitor   "<pid> <start>", by the monitor
//   started   "<pid> <start>" of PID 1, once it runs
//   exit      "exit <code>" or "signal <number>", then what was last said
#pragma once

#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/process.hpp"

namespace varve::runner {

struct exit_report {
  bool signalled = false;
  int code = 0; // or the signal's number
  std::string text;
};

result<void> write_process(const std::string& path, const process_id& id);
result<process_id> read_process(const std::string& path);

result<void> write_exit(const std::string& directory, const exit_report& how);
// not_found while it runs, or when its monitor was killed.
result<exit_report> read_exit(const std::string& directory);

} // namespace varve::runner
