#include "events/store/disk_guard.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "events/base/logging.hpp"

namespace varve::log {

free_bytes_probe file_system_probe(std::string directory) {
  return [directory = std::move(directory)]() -> result<std::uint64_t> {
    struct statvfs found {};
    if (::statvfs(directory.c_str(), &found) != 0)
      return failure(errc::io,
                     "statvfs " + directory + ": " + std::strerror(errno));
    return std::uint64_t{found.f_bavail} * found.f_frsize;
  };
}

disk_guard::disk_guard(disk_limits limits, free_bytes_probe probe,
                       std::string reserve_file)
    : limits_(limits), probe_(std::move(probe)),
      reserve_file_(std::move(reserve_file)) {
  if (limits_.reserve == 0)
    reserve_file_.clear();
  struct stat found {};
  held_ = reserve_file_.empty()
          || (::stat(reserve_file_.c_str(), &found) == 0
              && static_cast<std::uint64_t>(found.st_size) >= limits_.reserve);
}

disk_state disk_guard::look() {
  if (!probe_)
    return disk_state::ample;
  auto free = probe_();
  if (!free)
    return disk_state::full;
  std::lock_guard guard{mutex_};
  return judge(free.value());
}

disk_state disk_guard::judge(std::uint64_t free) {
  if (!held_) {
    if (free >= limits_.low + limits_.reserve && hold_reserve())
      return disk_state::ample;
    return free < limits_.full ? disk_state::full : disk_state::critical;
  }
  if (free >= limits_.low)
    return disk_state::ample;
  if (free >= limits_.critical)
    return disk_state::low;
  if (reserve_file_.empty())
    return free < limits_.full ? disk_state::full : disk_state::critical;
  release_reserve();
  return disk_state::critical;
}

bool disk_guard::hold_reserve() {
  auto fd = ::open(reserve_file_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0)
    return false;
  held_ = ::posix_fallocate(fd, 0, static_cast<off_t>(limits_.reserve)) == 0;
  ::close(fd);
  if (!held_)
    ::unlink(reserve_file_.c_str());
  return held_;
}

void disk_guard::release_reserve() {
  log_warning("log", "the disk is almost full: the reserve is released, only "
                     "deletes, stops and outcomes are accepted");
  ::unlink(reserve_file_.c_str());
  held_ = false;
}

} // namespace varve::log
