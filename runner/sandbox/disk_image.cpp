#include "runner/sandbox/disk_image.hpp"

#include <array>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/kernel/detached_mount.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/loop_device.hpp"
#include "runner/kernel/process.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* type = "ext4";
// What is deleted inside becomes a hole in the file again. Nothing is written
// to inode tables in the background: they are holes, which read as zeros.
constexpr std::array mount_options{"discard", "noinit_itable"};
constexpr milliseconds look_again{2};
constexpr milliseconds program_limit{60'000};
constexpr const char* formatter = "/sbin/mke2fs";
constexpr const char* checker = "/sbin/e2fsck";
constexpr const char* grower = "/sbin/resize2fs";

result<unique_fd> open_image(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (!fd)
    return last_error("open " + path);
  return fd;
}

// A device holds the lock that it was made under.
bool lock(int file, milliseconds limit) {
  auto until = steady_clock::now() + limit;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (steady_clock::now() >= until)
      return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

result<std::uint64_t> size_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return last_error("stat " + path);
  return static_cast<std::uint64_t>(status.st_size);
}

} // namespace

result<void> check_image_programs() {
  for (const auto* program : {formatter, checker, grower})
    if (::access(program, X_OK) != 0)
      return failure(errc::unsupported,
                     std::string{program} + " is missing (e2fsprogs)");
  return ok();
}

// The journal is small, since it counts for the sandbox's limit; no blocks are
// kept for root: who writes through an overlay is not told from root.
result<void> format_image(const std::string& path, const std::string& next,
                          std::uint64_t bytes) {
  VARVE_CHECK(write_file(next, "", 0600));
  if (::truncate(next.c_str(), static_cast<off_t>(bytes)) != 0)
    return last_error("size of " + next);
  VARVE_CHECK(run_program({formatter,
                           "-q",
                           "-F",
                           "-t",
                           type,
                           "-m",
                           "0",
                           "-b",
                           "4096",
                           "-I",
                           "256",
                           "-i",
                           "16384",
                           "-J",
                           "size=16",
                           "-e",
                           "remount-ro",
                           "-E",
                           "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
                           next},
                          "", program_limit));
  VARVE_TRY(auto file, open_image(next));
  if (::fsync(file.get()) != 0)
    return last_error("fsync " + next);
  if (::rename(next.c_str(), path.c_str()) != 0)
    return last_error("rename " + next);
  return ok();
}

result<unique_fd> mount_image(const std::string& path, milliseconds limit) {
  VARVE_TRY(auto file, open_image(path));
  if (!lock(file.get(), limit))
    return failure(errc::too_busy, path + " is in use");
  VARVE_TRY(auto device, attach_loop(file.get()));
  return mount_detached(type, device.path, mount_options);
}

result<unique_fd> mount_image_again(const std::string& path) {
  VARVE_TRY(auto device, find_loop(path));
  return mount_detached(type, device.path, mount_options);
}

bool wait_until_free(const std::string& path, milliseconds limit) {
  auto file = open_image(path);
  return !file || lock(file.value().get(), limit);
}

// Offline, by programs: the kernel grows a mounted one only for who may go
// past limits, and not every root may.
result<void> grow_image(const std::string& path, std::uint64_t bytes,
                        milliseconds limit) {
  VARVE_TRY(auto size, size_of(path));
  auto mark = path + ".growing";
  if (size >= bytes && !exists(mark))
    return ok();
  // The last mount may still be writing what it holds.
  VARVE_TRY(auto file, open_image(path));
  if (!lock(file.get(), limit))
    return failure(errc::too_busy, path + " is in use");
  VARVE_CHECK(write_file_atomic(mark, "", 0600, true));
  if (size < bytes && ::truncate(path.c_str(), static_cast<off_t>(bytes)) != 0)
    return last_error("size of " + path);
  // It exits with 1 when it mended something, and all is well.
  VARVE_CHECK(run_program(
      {"/bin/sh", "-c", "\"$0\" -f -p \"$1\" || [ $? = 1 ]", checker, path}, "",
      program_limit));
  VARVE_CHECK(run_program({grower, "-f", path}, "", program_limit));
  return remove_file(mark);
}

} // namespace varve::runner
