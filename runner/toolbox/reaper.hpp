// The one place that waits for children. As PID 1 it also inherits every
// orphan of the sandbox. One thread; collect() runs on each SIGCHLD.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include <sys/types.h>

namespace varve::toolbox {

class reaper {
 public:
  // A wait status as waitpid gives it.
  using exit_handler = std::function<void(int status)>;

  // Must be called in the turn that made the child, before control returns to
  // the event loop: then the child cannot be collected unseen.
  void watch(pid_t child, exit_handler on_exit);

  // Collects all that have ended; calls their handlers.
  void collect();

  // Whether the last collect() found no child at all, ended or running.
  bool has_children() const {
    return has_children_;
  }

  std::vector<pid_t> watched() const;

 private:
  std::map<pid_t, exit_handler> handlers_;
  bool has_children_ = false;
};

// 0..255 of a process that exited, -1 of one that a signal ended.
int exit_code_of(int status);

} // namespace varve::toolbox
