#include "runner/kernel/remove_tree.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

constexpr int opened_directory =
    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// What lies deeper is first moved up to the root of the tree, so that the
// descriptors and the stack used stay bounded whatever a guest nested.
constexpr int deepest = 64;

class tree_remover {
 public:
  tree_remover(int root, dev_t device) : root_(root), device_(device) {
    // nop
  }

  result<void> run() {
    do {
      lifted_ = false;
      VARVE_CHECK(empty(root_, 0));
    } while (lifted_);
    return ok();
  }

 private:
  // Removes the entries of `fd`.
  result<void> empty(int fd, int depth) {
    auto copy = ::openat(fd, ".", opened_directory);
    if (copy < 0)
      return last_error("open");
    auto* dir = ::fdopendir(copy);
    if (dir == nullptr) {
      ::close(copy);
      return last_error("opendir");
    }
    result<void> done = ok();
    while (auto* entry = ::readdir(dir)) {
      if (std::strcmp(entry->d_name, ".") == 0
          || std::strcmp(entry->d_name, "..") == 0)
        continue;
      done = remove(fd, entry->d_name, depth);
      if (!done)
        break;
    }
    ::closedir(dir);
    return done;
  }

  result<void> remove(int parent, const char* name, int depth) {
    if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT)
      return ok();
    if (errno != EISDIR && errno != EPERM)
      return last_error("unlink");
    if (::unlinkat(parent, name, AT_REMOVEDIR) == 0)
      return ok();
    if (errno != ENOTEMPTY && errno != EEXIST)
      return last_error("rmdir");
    if (depth >= deepest)
      return lift(parent, name);
    unique_fd fd{::openat(parent, name, opened_directory)};
    if (!fd)
      return last_error("open");
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0)
      return last_error("stat");
    if (status.st_dev != device_)
      return failure(errc::io, "a mount is in the way");
    VARVE_CHECK(empty(fd.get(), depth + 1));
    if (::unlinkat(parent, name, AT_REMOVEDIR) != 0)
      return last_error("rmdir");
    return ok();
  }

  result<void> lift(int parent, const char* name) {
    char target[32];
    std::snprintf(target, sizeof target, ".lifted-%u", count_++);
    if (::renameat(parent, name, root_, target) != 0)
      return last_error("rename");
    lifted_ = true;
    return ok();
  }

  int root_;
  dev_t device_;
  unsigned count_ = 0;
  bool lifted_ = false;
};

} // namespace

result<void> remove_tree(const std::string& path) {
  unique_fd root{::open(path.c_str(), opened_directory)};
  if (!root) {
    if (errno == ENOENT)
      return ok();
    return last_error("open " + path);
  }
  struct stat status {};
  if (::fstat(root.get(), &status) != 0)
    return last_error("stat " + path);
  auto emptied = tree_remover{root.get(), status.st_dev}.run();
  if (!emptied)
    return prefixed("remove " + path, emptied.error());
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT)
    return last_error("rmdir " + path);
  return ok();
}

} // namespace varve::runner
