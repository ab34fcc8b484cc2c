#include "runner/toolbox/memory_text.hpp"

#include <cerrno>

#include <sys/mman.h>
#include <unistd.h>

namespace varve::toolbox {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool place_text(int place, std::string_view first, std::string_view second) {
  int fd = ::memfd_create("command", MFD_CLOEXEC);
  if (fd < 0)
    return false;
  bool ok = write_all(fd, first) && write_all(fd, second)
            && ::lseek(fd, 0, SEEK_SET) == 0 && ::dup2(fd, place) == place;
  if (fd != place)
    ::close(fd);
  return ok;
}

} // namespace varve::toolbox
