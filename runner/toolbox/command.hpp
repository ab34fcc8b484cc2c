// One command of a caller: what to run, and how it ended.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/toolbox/captured_output.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox {

// Why a program could not be started, as the caller sees it: an exit code
// and a text in place of output.
struct start_failure {
  int exit_code = -1;
  std::string text;
};

struct command {
  std::string cwd; // absolute
  std::vector<std::string> environment;
  std::chrono::seconds timeout{0}; // 0: none
  // Runs in the child, as the user, in cwd; returns only on failure.
  std::function<start_failure(const command&)> start;
  std::string scratch_file; // made by start, removed when the command ended
};

struct command_outcome {
  int exit_code = -1; // -1: ended by a signal, or not started
  bool timed_out = false;
  std::optional<problem> refused; // no process could be made at all
  captured_output output;
};

} // namespace varve::toolbox
