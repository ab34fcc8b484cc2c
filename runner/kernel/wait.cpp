#include "runner/kernel/wait.hpp"

#include <cerrno>

#include <poll.h>

#include "runner/kernel/system_error.hpp"

namespace varve::runner {

result<void> wait_readable(int fd, std::chrono::steady_clock::time_point until,
                           int cancel) {
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return failure(errc::timed_out, "it took too long");
    pollfd both[] = {{fd, POLLIN, 0}, {cancel, POLLIN, 0}};
    auto ready = ::poll(both, 2, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR)
      return last_error("poll");
    if (ready > 0 && both[1].revents != 0)
      return failure(errc::shutting_down, "it was called off");
    if (ready > 0)
      return ok();
  }
}

} // namespace varve::runner
