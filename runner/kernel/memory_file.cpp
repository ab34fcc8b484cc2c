#include "runner/kernel/memory_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner/kernel/system_error.hpp"

namespace varve::runner {

result<unique_fd> make_memory_file(const char* name, std::string_view bytes) {
  unique_fd fd{::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!fd)
    return last_error("memfd_create");
  while (!bytes.empty()) {
    auto n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR)
        continue;
      return last_error("write to memory");
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  constexpr int seals =
      F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) != 0
      || ::lseek(fd.get(), 0, SEEK_SET) != 0)
    return last_error("seal memory");
  return fd;
}

} // namespace varve::runner
