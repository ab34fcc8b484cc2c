#include "tests/runner/tree_view.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include <sys/stat.h>
#include <sys/xattr.h>

namespace varve::runner {

namespace {

namespace fs = std::filesystem;

std::string attributes_at(const std::string& path) {
  char names[4096];
  auto size = ::llistxattr(path.c_str(), names, sizeof names);
  std::map<std::string, std::string> found;
  for (ssize_t i = 0; i < size;) {
    std::string name{names + i};
    i += static_cast<ssize_t>(name.size()) + 1;
    char value[4096];
    auto n = ::lgetxattr(path.c_str(), name.c_str(), value, sizeof value);
    // Its root id follows the owner's.
    if (name == "security.capability" && n == 24)
      n = 20;
    found[name] =
        std::string(value, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  std::string out;
  for (const auto& [name, value] : found)
    out += " " + name + "=" + std::to_string(std::hash<std::string>{}(value));
  return out;
}

std::string content_at(const std::string& path, const struct stat& status) {
  if (S_ISLNK(status.st_mode))
    return " -> " + fs::read_symlink(path).string();
  if (!S_ISREG(status.st_mode))
    return {};
  std::ifstream in{path, std::ios::binary};
  std::string all{std::istreambuf_iterator<char>{in}, {}};
  return " " + std::to_string(all.size()) + " "
         + std::to_string(std::hash<std::string>{}(all));
}

// What of it is the sandbox's business; root's own is shown as such.
std::string owner_of(std::uint32_t id, std::uint32_t base) {
  return id >= base && id < base + 65536 ? std::to_string(id - base)
                                         : "host:" + std::to_string(id);
}

} // namespace

std::string tree_view(const std::string& root, std::uint32_t id_base) {
  std::vector<std::string> paths{root};
  for (const auto& entry : fs::recursive_directory_iterator(root))
    paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  std::map<ino_t, std::string> first;
  std::string out;
  for (const auto& path : paths) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || S_ISSOCK(status.st_mode))
      continue;
    auto name = path.substr(root.size());
    auto [known, is_first] = first.emplace(status.st_ino, name);
    out += (name.empty() ? "." : name) + " " + std::to_string(status.st_mode)
           + " " + owner_of(status.st_uid, id_base) + ":"
           + owner_of(status.st_gid, id_base) + " "
           + std::to_string(status.st_rdev) + " "
           + std::to_string(status.st_mtim.tv_sec) + "."
           + std::to_string(status.st_mtim.tv_nsec) + content_at(path, status)
           + (is_first ? "" : " = " + known->second) + attributes_at(path)
           + "\n";
  }
  return out;
}

} // namespace varve::runner
