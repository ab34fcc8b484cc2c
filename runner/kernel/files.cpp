#include "runner/kernel/files.hpp"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n < 0) {
      if (errno == EINTR)
        continue;
      return last_error("write " + path);
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ok();
}

result<void> sync_parent(const std::string& path) {
  auto parent = path.substr(0, path.rfind('/'));
  unique_fd fd{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::fsync(fd.get()) != 0)
    return last_error("fsync " + parent);
  return ok();
}

} // namespace

result<std::string> read_file(const std::string& path, std::size_t limit) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) {
    if (errno == ENOENT)
      return failure(errc::not_found, path + " is not there");
    return last_error("open " + path);
  }
  std::string text;
  char buffer[4096];
  for (;;) {
    auto n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0) {
      if (errno == EINTR)
        continue;
      return last_error("read " + path);
    }
    if (n == 0)
      return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > limit)
      return failure(errc::too_large, path + " is too large");
  }
}

result<void> write_file(const std::string& path, std::string_view text,
                        mode_t mode) {
  unique_fd fd{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
  if (!fd)
    return last_error("open " + path);
  return write_all(fd.get(), text, path);
}

result<void> write_file_atomic(const std::string& path, std::string_view text,
                               mode_t mode, bool durable) {
  auto next = path + ".new";
  unique_fd fd{
      ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
  if (!fd)
    return last_error("open " + next);
  VARVE_CHECK(write_all(fd.get(), text, next));
  if (durable && ::fsync(fd.get()) != 0)
    return last_error("fsync " + next);
  if (::rename(next.c_str(), path.c_str()) != 0)
    return last_error("rename " + next);
  if (durable) {
    VARVE_CHECK(sync_parent(path));
  }
  return ok();
}

result<bool> make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0)
    return true;
  if (errno == EEXIST)
    return false;
  return last_error("mkdir " + path);
}

result<void> make_directories(const std::string& path, mode_t mode) {
  for (auto end = path.find('/', 1); end != std::string::npos;
       end = path.find('/', end + 1)) {
    VARVE_CHECK(make_directory(path.substr(0, end), mode));
  }
  VARVE_CHECK(make_directory(path, mode));
  return ok();
}

result<void> remove_file(const std::string& path) {
  if (::remove(path.c_str()) != 0 && errno != ENOENT)
    return last_error("remove " + path);
  return ok();
}

result<std::vector<std::string>> list_directory(const std::string& path) {
  std::vector<std::string> names;
  auto* dir = ::opendir(path.c_str());
  if (dir == nullptr) {
    if (errno == ENOENT)
      return names;
    return last_error("opendir " + path);
  }
  while (auto* entry = ::readdir(dir)) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      names.emplace_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

bool exists(const std::string& path) noexcept {
  return ::access(path.c_str(), F_OK) == 0;
}

std::uint64_t free_bytes(const std::string& path) noexcept {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0)
    return 0;
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

} // namespace varve::runner
