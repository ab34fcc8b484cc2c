#include "runner/sandbox/kernel_log.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

constexpr int most_lines = 100'000;

} // namespace

std::string oom_victim_in(const std::string& line, const std::string& group) {
  constexpr std::string_view before = ",task=", after = ",pid=";
  if (line.find("oom-kill:") == std::string::npos)
    return {};
  auto place = line.find(group + ",task=");
  if (place == std::string::npos)
    return {};
  auto from = place + group.size() + before.size();
  auto to = line.rfind(after);
  if (to == std::string::npos || to < from)
    return {};
  // The kernel has escaped what is not to be printed.
  return line.substr(from, to - from);
}

std::string last_oom_victim(const std::string& group) {
  unique_fd log{::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  std::string out;
  if (!log)
    return out;
  std::array<char, 8192> line{};
  for (int i = 0; i < most_lines; ++i) {
    auto n = ::read(log.get(), line.data(), line.size());
    // What is overwritten while it is read is left out, and EINVAL is a line
    // too long to be one of these.
    if (n < 0 && errno != EPIPE && errno != EINTR && errno != EINVAL)
      break;
    if (n <= 0)
      continue;
    auto victim =
        oom_victim_in({line.data(), static_cast<std::size_t>(n)}, group);
    if (!victim.empty())
      out = std::move(victim);
  }
  return out;
}

} // namespace varve::runner
