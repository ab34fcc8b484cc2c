#include "runner/toolbox/files/target_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/files/path.hpp"

namespace varve::toolbox::files {

target_file::~target_file() {
  if (fd_ >= 0)
    ::close(fd_);
}

bool target_file::fail(const char* step, int error) {
  error_number_ = error;
  error_ = std::string{step} + ": " + errno_text(error);
  return false;
}

bool target_file::open(const std::string& path, mode_t parents) {
  if (int error = make_parents(path, parents); error != 0)
    return fail("mkdir", error);
  if (path.ends_with('/'))
    return fail("create", EISDIR);
  fd_ = ::open(path.c_str(),
               O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
               0644);
  if (fd_ < 0)
    return fail("create", errno);
  struct stat st {};
  if (::fstat(fd_, &st) != 0)
    return fail("create", errno);
  if (!S_ISREG(st.st_mode)) {
    fail("create", EINVAL);
    error_ = "create: not a regular file";
    return false;
  }
  return true;
}

bool target_file::write(std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return fail("write", n < 0 ? errno : EIO);
    written_ += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool target_file::close() {
  int fd = fd_;
  fd_ = -1;
  // Some file systems report a full disk only here.
  return fd < 0 || ::close(fd) == 0 || fail("close", errno);
}

} // namespace varve::toolbox::files
