// Ends all processes that came of one: its descendants, and whatever belongs
// to its kernel session. Orphans are found where the process is a subreaper.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <sys/types.h>

#include "runner/toolbox/command_run.hpp"

namespace varve::toolbox {

// The members, `leader` not among them.
std::vector<pid_t> process_tree(pid_t leader);

// Asks the tree to end with SIGTERM, after `grace` ends it with SIGKILL, the
// leader last; then calls `done`, at the latest 5 s after that. The leader
// may have ended already, and must not have been collected long ago: its pid
// names the kernel session.
void end_tree(runtime& rt, pid_t leader, std::chrono::seconds grace,
              std::function<bool()> leader_lives, std::function<void()> done);

} // namespace varve::toolbox
