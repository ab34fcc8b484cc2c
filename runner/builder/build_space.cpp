#include "runner/builder/build_space.hpp"

#include <ctime>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/mounts.hpp"
#include "runner/kernel/process.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

constexpr std::chrono::milliseconds tool_limit{60'000};
constexpr std::time_t kept_seconds = 7 * 24 * 3600;

std::string spaces(const layout& where) {
  return where.image_store() + "/spaces";
}

std::string mounts(const layout& where) {
  return where.run() + "/spaces";
}

void log_trouble(const result<void>& done) {
  if (!done)
    log_warning("builder", done.error().detail);
}

result<void> format(const std::string& file, std::uint32_t owner,
                    std::uint64_t bytes) {
  auto made = file + ".new";
  unique_fd fd{::open(
      made.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0)
    return last_error("make " + made);
  auto who = std::to_string(owner);
  VARVE_CHECK(run_program(
      {"/usr/sbin/mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", "-E",
       "lazy_itable_init=1,root_owner=" + who + ":" + who, made},
      "", tool_limit));
  if (::rename(made.c_str(), file.c_str()) != 0)
    return last_error("rename " + made);
  return ok();
}

result<void> mount_file(const std::string& file, const std::string& path) {
  return run_program({"/usr/bin/mount", "-t", "ext4", "-o",
                      "loop,nosuid,nodev,noatime", file, path},
                     "", tool_limit);
}

bool belongs_to(const std::string& path, std::uint32_t owner) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && found.st_uid == owner;
}

bool has_size(const std::string& path, std::uint64_t bytes) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0
         && static_cast<std::uint64_t>(found.st_size) == bytes;
}

} // namespace

result<build_space> build_space::open(const layout& where,
                                      const std::string& name,
                                      std::uint32_t owner, std::uint32_t gib) {
  auto file = spaces(where) + "/" + name + ".ext4";
  auto path = mounts(where) + "/" + name;
  auto bytes = std::uint64_t{gib} << 30;
  VARVE_CHECK(make_directories(spaces(where), 0700));
  VARVE_CHECK(make_directories(path, 0711));
  auto busy = file + ".busy";
  if (has_size(file, bytes) && ::rename(file.c_str(), busy.c_str()) == 0) {
    auto mounted = mount_file(busy, path);
    if (mounted && belongs_to(path, owner))
      return build_space{std::move(file), std::move(path)};
    unmount(path); // it is another network's
  }
  VARVE_CHECK(format(busy, owner, bytes));
  VARVE_CHECK(mount_file(busy, path));
  return build_space{std::move(file), std::move(path)};
}

build_space::build_space(build_space&& other) noexcept
    : file_(std::move(other.file_)), path_(std::move(other.path_)),
      discards_(other.discards_) {
  other.path_.clear();
}

build_space::~build_space() {
  if (path_.empty())
    return;
  auto busy = file_ + ".busy";
  auto gone = run_program({"/usr/bin/umount", path_}, "", tool_limit);
  if (!gone) {
    log_trouble(gone);
    unmount(path_);
  }
  log_trouble(remove_file(path_));
  if (discards_ || !gone)
    log_trouble(remove_file(busy));
  else if (::rename(busy.c_str(), file_.c_str()) != 0)
    log_trouble(last_error("rename " + busy));
}

bool build_space::is_nearly_full() const {
  struct statvfs found {};
  if (::statvfs(path_.c_str(), &found) != 0)
    return true;
  return found.f_bavail < found.f_blocks / 4 || found.f_favail < 10'000;
}

void clear_build_spaces(const layout& where) {
  if (auto left = list_directory(mounts(where)))
    for (const auto& name : left.value()) {
      unmount(mounts(where) + "/" + name);
      log_trouble(remove_file(mounts(where) + "/" + name));
    }
  auto files = list_directory(spaces(where));
  if (!files)
    return;
  for (const auto& name : files.value()) {
    auto path = spaces(where) + "/" + name;
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0
        && (name.ends_with(".new") || name.ends_with(".busy")
            || found.st_mtime + kept_seconds < std::time(nullptr)))
      log_trouble(remove_file(path));
  }
}

} // namespace varve::runner
