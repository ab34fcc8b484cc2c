#include "runner/toolbox/files/remove.hpp"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "runner/toolbox/files/tree.hpp"

namespace varve::toolbox::files {

namespace {

void keep_first(int& first, int error) {
  if (first == 0)
    first = error;
}

int remove_at(int folder, const std::string& name, unsigned depth);

int empty_folder(int fd, unsigned depth) {
  std::vector<std::string> names;
  int first = 0;
  if (!read_names(fd, names))
    keep_first(first, errno);
  for (const auto& name : names)
    keep_first(first, remove_at(fd, name, depth));
  return first;
}

int remove_at(int folder, const std::string& name, unsigned depth) {
  if (::unlinkat(folder, name.c_str(), 0) == 0)
    return 0;
  // Linux says EISDIR, POSIX EPERM.
  int error = errno;
  if (error != EISDIR && error != EPERM)
    return error;
  int fd = ::openat(folder, name.c_str(),
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOTDIR)
    return error;
  int first = fd < 0 ? errno : depth >= deepest_tree ? ENAMETOOLONG : 0;
  if (fd >= 0 && first == 0)
    first = empty_folder(fd, depth + 1);
  if (fd >= 0)
    ::close(fd);
  // An unreadable directory may still be empty.
  if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0)
    return 0;
  return first != 0 ? first : errno;
}

} // namespace

int remove_tree(const std::string& path) {
  return remove_at(AT_FDCWD, path, 0);
}

} // namespace varve::toolbox::files
