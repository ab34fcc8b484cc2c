#include "runner/toolbox/files/tree.hpp"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runner/toolbox/files/path.hpp"

namespace varve::toolbox::files {

namespace {

constexpr int open_folder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

bool is_pseudo(int fd) {
  struct statfs info {};
  if (::fstatfs(fd, &info) != 0)
    return false;
  for (unsigned long type : {PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC,
                             CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC})
    if (static_cast<unsigned long>(info.f_type) == type)
      return true;
  return false;
}

bool is_folder_at(int folder, const std::string& name) {
  struct stat st {};
  return ::fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0
         && S_ISDIR(st.st_mode);
}

class walk {
 public:
  walk(unsigned max_depth, bool pseudo_root, tree_visitor& visitor)
      : max_depth_{std::min(max_depth, deepest_tree)},
        pseudo_root_{pseudo_root}, visitor_{visitor} {
    // nop
  }

  // False ends the walk.
  bool below(int folder, const std::string& shown, unsigned depth) {
    std::vector<std::string> names;
    read_names(folder, names);
    for (const auto& name : names) {
      tree_entry entry{folder, name, joined(shown, name), depth,
                       is_folder_at(folder, name)};
      if (!visitor_.visit(entry))
        return false;
      if (entry.is_folder && depth < max_depth_ && !descend(entry))
        return false;
    }
    return true;
  }

 private:
  bool descend(const tree_entry& entry) {
    int fd =
        ::openat(entry.folder, entry.name.c_str(), open_folder | O_NOFOLLOW);
    if (fd < 0)
      return true;
    bool goes_on = (!pseudo_root_ && is_pseudo(fd))
                   || below(fd, entry.shown, entry.depth + 1);
    ::close(fd);
    return goes_on;
  }

  unsigned max_depth_;
  bool pseudo_root_;
  tree_visitor& visitor_;
};

} // namespace

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.ends_with('/') ? folder + name
                                                 : folder + "/" + name;
}

bool read_names(int folder, std::vector<std::string>& out) {
  int fd = ::openat(folder, ".", open_folder);
  auto* stream = fd < 0 ? nullptr : ::fdopendir(fd);
  if (stream == nullptr) {
    if (fd >= 0)
      ::close(fd);
    return false;
  }
  errno = 0;
  while (const auto* entry = ::readdir(stream)) {
    std::string_view name{entry->d_name};
    if (name != "." && name != "..")
      out.emplace_back(name);
  }
  int error = errno;
  ::closedir(stream);
  std::sort(out.begin(), out.end());
  errno = error;
  return error == 0;
}

outcome<void> walk_tree(const std::string& path, const std::string& shown,
                        unsigned max_depth, tree_visitor& visitor) {
  int fd = ::open(path.c_str(), open_folder);
  if (fd < 0)
    return file_problem(errno, shown);
  walk{max_depth, is_pseudo(fd), visitor}.below(fd, shown, 1);
  ::close(fd);
  return boost::outcome_v2::success();
}

} // namespace varve::toolbox::files
