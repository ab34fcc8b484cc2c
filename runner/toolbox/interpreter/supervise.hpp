// What runs below PID 1 for a context of the code interpreter.
#pragma once

#include <string>

#include "runner/toolbox/guest.hpp"

namespace varve::toolbox {

// Descriptors of the child: the report, then the script's channel.
constexpr int supervisor_report_fd = 3;
constexpr int worker_channel_fd = 4;

// In the child: starts Python in `cwd` and stays until it is killed, so that
// whatever comes of Python has this process as an ancestor. SIGUSR1 is passed
// on to Python as SIGINT. On the report it says "!" and why Python could not
// be started, or how it has ended.
int supervise(const guest& g, const std::string& cwd,
              const std::string& trouble);

} // namespace varve::toolbox
