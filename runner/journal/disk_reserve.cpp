#include "runner/journal/disk_reserve.hpp"

#include <cstdint>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "events/base/logging.hpp"

namespace varve::runner {

namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t reserve_size = 32 * mib;
// Below this the reserve is given away; below `least` nothing is written.
constexpr std::uint64_t tight = 24 * mib;
constexpr std::uint64_t least = 12 * mib;
constexpr std::uint64_t enough_to_reserve = 4 * reserve_size;

// For root, who may use what ext4 keeps from others.
std::uint64_t free_for_us(const std::string& file) {
  struct statvfs status {};
  auto directory = file.substr(0, file.rfind('/'));
  if (::statvfs(directory.c_str(), &status) != 0)
    return 0;
  return static_cast<std::uint64_t>(status.f_bfree) * status.f_frsize;
}

} // namespace

disk_reserve::disk_reserve(std::string file) : file_(std::move(file)) {
  fill();
}

void disk_reserve::fill() {
  if (::access(file_.c_str(), F_OK) == 0
      || free_for_us(file_) < enough_to_reserve)
    return;
  auto fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return;
  if (::posix_fallocate(fd, 0, reserve_size) != 0)
    ::unlink(file_.c_str());
  ::close(fd);
}

result<void> disk_reserve::ensure() {
  auto left = free_for_us(file_);
  if (left >= enough_to_reserve) {
    fill();
    return ok();
  }
  if (left < tight && ::unlink(file_.c_str()) == 0) {
    log_warning("runner", "the disk is nearly full: the journal uses its "
                          "reserve, only stop and destroy are sure");
    left = free_for_us(file_);
  }
  if (left < least)
    return failure(errc::store_failed, "the runner's disk is full");
  return ok();
}

} // namespace varve::runner
