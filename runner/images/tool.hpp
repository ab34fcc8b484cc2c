// Runs one of the programs that move images.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

struct tool_run {
  std::vector<std::string> argv; // the program by its path
  std::chrono::steady_clock::time_point until;
  int cancel = -1; // readable: end it; -1 = never
  // What it says, line by line, both of stdout and stderr; may be empty.
  std::function<void(const std::string&)> on_line;
  std::size_t most_output = 64 << 10; // of stdout that is kept
  bool keeps_the_end = false;         // of a longer one, which is no error
};

// Its stdout when it succeeds. Errors: runner_failed with the end of what it
// said on stderr, timed_out, shutting_down, too_large. It dies with this
// process, and gets nothing of its environment but proxies and certificates.
result<std::string> run_tool(const tool_run& what);

} // namespace varve::runner
