#include "ops/files.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace varve::ops {

namespace {

auto io_failure(const std::string& what, const std::string& path) {
  return failure(errc::io,
                 "cannot " + what + " " + path + ": " + std::strerror(errno));
}

result<void> write_all(int fd, const std::string& content,
                       const std::string& path) {
  std::size_t done = 0;
  while (done < content.size()) {
    auto n = ::write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return io_failure("write", path);
    done += static_cast<std::size_t>(n);
  }
  if (::fsync(fd) != 0)
    return io_failure("sync", path);
  return ok();
}

} // namespace

result<std::string> read_file(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return failure(errno == ENOENT ? errc::not_found : errc::io,
                   "cannot open " + path + ": " + std::strerror(errno));
  std::string out;
  char buffer[4096];
  for (;;) {
    auto n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      auto bad = n < 0;
      ::close(fd);
      if (bad)
        return io_failure("read", path);
      return out;
    }
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

result<void> write_private_file(const std::string& path,
                                const std::string& content) {
  auto temporary = path + ".new";
  int fd =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return io_failure("create", temporary);
  auto written = write_all(fd, content, temporary);
  ::close(fd);
  VARVE_CHECK(written);
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return io_failure("rename", temporary);
  return ok();
}

result<void> make_private_directory(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem)
    return failure(errc::io,
                   "cannot create " + path + ": " + problem.message());
  if (::chmod(path.c_str(), 0700) != 0)
    return io_failure("protect", path);
  return ok();
}

result<file_lock> file_lock::take(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return io_failure("open", path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return failure(errc::conflict,
                   path + " is locked: another varve uses this data directory");
  }
  return file_lock{fd};
}

file_lock::file_lock(file_lock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {
  // nop
}

file_lock& file_lock::operator=(file_lock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

file_lock::~file_lock() {
  if (fd_ >= 0)
    ::close(fd_);
}

} // namespace varve::ops
