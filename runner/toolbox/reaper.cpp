#include "runner/toolbox/reaper.hpp"

#include <cerrno>
#include <utility>

#include <sys/wait.h>

namespace varve::toolbox {

void reaper::watch(pid_t child, exit_handler on_exit) {
  has_children_ = true;
  handlers_[child] = std::move(on_exit);
}

void reaper::collect() {
  for (;;) {
    int status = 0;
    auto pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR)
      continue;
    if (pid <= 0) {
      has_children_ = pid == 0;
      return;
    }
    // The handler may watch further children: take it out first.
    if (auto found = handlers_.extract(pid); !found.empty())
      found.mapped()(status);
  }
}

std::vector<pid_t> reaper::watched() const {
  std::vector<pid_t> out;
  for (const auto& [pid, handler] : handlers_)
    out.push_back(pid);
  return out;
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace varve::toolbox
