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
  // Of what the caller wants run, for those who look: its first 1 KiB, and
  // what it is written in; empty: a shell's language.
  std::string text;
  std::string language;
  std::vector<std::string> environment;
  std::chrono::seconds timeout{0}; // 0: none
  // Runs in the child, as the user, in cwd; returns only on failure.
  std::function<start_failure(const command&)> start;
  std::string scratch_file;  // made by start, removed when the command ended
  bool makes_charts = false; // start finds a pipe for them at charts_channel
};

constexpr int charts_channel = 4;

struct command_outcome {
  int exit_code = -1; // -1: ended by a signal, or not started
  bool timed_out = false;
  std::optional<problem> refused; // no process could be made at all
  captured_output output;
  std::vector<std::string> charts{};    // a JSON object each
  std::shared_ptr<void> charts_share{}; // of the memory they take
};

} // namespace varve::toolbox
