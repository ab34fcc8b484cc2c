#include "runner/toolbox/files/copy.hpp"

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

int copy_bytes(int from, int to) {
  std::vector<char> buffer(256 << 10);
  for (;;) {
    auto n = ::read(from, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n == 0 ? 0 : errno;
    for (ssize_t done = 0; done < n;) {
      auto m =
          ::write(to, buffer.data() + done, static_cast<std::size_t>(n - done));
      if (m < 0 && errno != EINTR)
        return errno;
      done += std::max<ssize_t>(m, 0);
    }
  }
}

// Ownership is the user's own either way.
void keep_properties(int fd, const struct stat& st) {
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
  int error = copy_bytes(in.fd, out.fd);
  keep_properties(out.fd, st);
  return error;
}

int copy_link(int from, int to, const char* source, const char* target) {
  char link[PATH_MAX];
  auto n = ::readlinkat(from, source, link, sizeof link - 1);
  if (n < 0)
    return errno;
  link[n] = '\0';
  return ::symlinkat(link, to, target) == 0 ? 0 : errno;
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
    return copy_link(from, to, source, target);
  if (S_ISFIFO(st.st_mode))
    return ::mkfifoat(to, target, st.st_mode & 0777) == 0 ? 0 : errno;
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
