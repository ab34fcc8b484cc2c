#include "runner/toolbox/files/copy.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/files/remove.hpp"
#include "runner/toolbox/files/tree.hpp"

namespace varve::toolbox::files {

namespace {

struct open_file {
  int fd = -1;
  ~open_file() {
    if (fd >= 0)
      ::close(fd);
  }
};

int write_at(int to, const char* bytes, std::size_t size, off_t at) {
  while (size > 0) {
    auto n = ::pwrite(to, bytes, size, at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 ? errno : EIO;
    bytes += n;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return 0;
}

int copy_span(int from, int to, off_t at, off_t end) {
  std::vector<char> buffer(256 << 10);
  while (at < end) {
    auto want = std::min<std::size_t>(buffer.size(),
                                      static_cast<std::size_t>(end - at));
    auto n = ::pread(from, buffer.data(), want, at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n == 0 ? EIO : errno; // EIO: it has become shorter
    if (int error =
            write_at(to, buffer.data(), static_cast<std::size_t>(n), at))
      return error;
    at += n;
  }
  return 0;
}

// Holes stay holes.
int copy_bytes(int from, int to, off_t size) {
  for (off_t at = 0; at < size;) {
    auto data = ::lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO)
      break; // nothing but a hole is left
    auto hole = data < 0 ? -1 : ::lseek(from, data, SEEK_HOLE);
    if (hole < 0) { // this file system cannot say
      data = at;
      hole = size;
    }
    if (int error = copy_span(from, to, data, hole))
      return error;
    at = hole;
  }
  return ::ftruncate(to, size) == 0 ? 0 : errno;
}

// Another's stays another's only where root does it, as with mv(1).
void keep_owner(int folder, const char* name, const struct stat& st) {
  [[maybe_unused]] int may_fail = ::fchownat(
      folder, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
}

void keep_properties(int fd, const struct stat& st) {
  keep_owner(fd, "", st);
  ::fchmod(fd, st.st_mode & 07777);
  timespec times[2] = {st.st_atim, st.st_mtim};
  ::futimens(fd, times);
}

int copy_regular(int from, int to, const char* source, const char* target) {
  open_file in{
      ::openat(from, source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat st {};
  if (in.fd < 0 || ::fstat(in.fd, &st) != 0)
    return errno;
  if (!S_ISREG(st.st_mode))
    return EINVAL;
  open_file out{
      ::openat(to, target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (out.fd < 0)
    return errno;
  int error = copy_bytes(in.fd, out.fd, st.st_size);
  keep_properties(out.fd, st);
  return error;
}

int copy_link(int from, int to, const char* source, const char* target,
              const struct stat& st) {
  char link[PATH_MAX];
  auto n = ::readlinkat(from, source, link, sizeof link - 1);
  if (n < 0)
    return errno;
  link[n] = '\0';
  if (::symlinkat(link, to, target) != 0)
    return errno;
  keep_owner(to, target, st);
  return 0;
}

int copy_at(int from, int to, const char* source, const char* target,
            unsigned depth);

int copy_folder(int from, int to, const char* source, const char* target,
                unsigned depth) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if (depth >= deepest_tree)
    return ENAMETOOLONG;
  open_file in{::openat(from, source, flags)};
  struct stat st {};
  std::vector<std::string> names;
  if (in.fd < 0 || ::fstat(in.fd, &st) != 0 || !read_names(in.fd, names))
    return errno;
  if (::mkdirat(to, target, 0700) != 0)
    return errno;
  open_file out{::openat(to, target, flags)};
  if (out.fd < 0)
    return errno;
  for (const auto& name : names)
    if (int error =
            copy_at(in.fd, out.fd, name.c_str(), name.c_str(), depth + 1))
      return error;
  keep_properties(out.fd, st);
  return 0;
}

int copy_at(int from, int to, const char* source, const char* target,
            unsigned depth) {
  struct stat st {};
  if (::fstatat(from, source, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return errno;
  if (S_ISDIR(st.st_mode))
    return copy_folder(from, to, source, target, depth);
  if (S_ISLNK(st.st_mode))
    return copy_link(from, to, source, target, st);
  if (!S_ISREG(st.st_mode)) {
    if (::mknodat(to, target, st.st_mode, st.st_rdev) != 0)
      return errno;
    keep_owner(to, target, st);
    return 0;
  }
  return copy_regular(from, to, source, target);
}

} // namespace

int move_across(const std::string& from, const std::string& to) {
  struct stat st {};
  if (::lstat(to.c_str(), &st) == 0)
    return EEXIST;
  int error = copy_at(AT_FDCWD, AT_FDCWD, from.c_str(), to.c_str(), 0);
  if (error != 0) {
    if (error != EEXIST)
      remove_tree(to);
    return error;
  }
  return remove_tree(from);
}

} // namespace varve::toolbox::files
