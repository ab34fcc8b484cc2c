#include "runner/kernel/detached_mount.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

result<void> configure(int context, unsigned command, const char* key,
                       const char* value) {
  if (::syscall(SYS_fsconfig, context, command, key, value, 0) == 0)
    return ok();
  auto failed = last_error(key == nullptr ? "mount" : key);
  // What the file system has to say about it, if anything.
  char text[256];
  auto n = ::read(context, text, sizeof text);
  if (n > 0)
    failed.detail += ": " + std::string(text, static_cast<std::size_t>(n));
  return failed;
}

} // namespace

result<unique_fd> mount_detached(const std::string& type,
                                 const std::string& source,
                                 std::span<const char* const> options) {
  unique_fd context{
      static_cast<int>(::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC))};
  if (!context)
    return last_error("fsopen " + type);
  VARVE_CHECK(
      configure(context.get(), FSCONFIG_SET_STRING, "source", source.c_str()));
  for (const auto* option : options) {
    VARVE_CHECK(configure(context.get(), FSCONFIG_SET_FLAG, option, nullptr));
  }
  VARVE_CHECK(configure(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr));
  unique_fd mount{
      static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC,
                                 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV))};
  if (!mount)
    return last_error("fsmount " + source);
  return mount;
}

result<void> place_mount(int mount, const std::string& target) {
  if (::syscall(SYS_move_mount, mount, "", AT_FDCWD, target.c_str(),
                MOVE_MOUNT_F_EMPTY_PATH)
      != 0)
    return last_error("move_mount " + target);
  return ok();
}

std::string path_of(const unique_fd& directory) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/"
         + std::to_string(directory.get());
}

} // namespace varve::runner
