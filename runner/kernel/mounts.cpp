#include "runner/kernel/mounts.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

// Ends when the parent closes its end of the pipe, or dies.
int sleep_in_namespace(void* pipe_ends) {
  auto* ends = static_cast<int*>(pipe_ends);
  ::close(ends[1]);
  char c = 0;
  [[maybe_unused]] auto n = ::read(ends[0], &c, 1);
  return 0;
}

result<void> write_maps(pid_t pid, std::uint32_t base) {
  auto line = "0 " + std::to_string(base) + " 65536\n";
  auto dir = "/proc/" + std::to_string(pid);
  VARVE_CHECK(write_file(dir + "/uid_map", line));
  return write_file(dir + "/gid_map", line);
}

result<unique_fd> map_and_open(pid_t pid, std::uint32_t base) {
  VARVE_CHECK(write_maps(pid, base));
  auto path = "/proc/" + std::to_string(pid) + "/ns/user";
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd)
    return last_error("open user namespace");
  return fd;
}

result<void> mount_idmapped(const std::string& source,
                            const std::string& target, int user_namespace) {
  unique_fd tree{static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, source.c_str(),
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT))};
  if (!tree)
    return last_error("open_tree " + source);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
  if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes,
                sizeof attributes)
      != 0)
    return last_error("idmap " + source);
  if (::syscall(SYS_move_mount, tree.get(), "", AT_FDCWD, target.c_str(),
                MOVE_MOUNT_F_EMPTY_PATH)
      != 0)
    return last_error("move_mount " + target);
  return ok();
}

// What overlayfs is to be told. The names of many layers must fit a page:
// they are short and relative, so the caller is in their directory then.
result<std::string> mount_lower(const overlay& what, int user_namespace) {
  if (what.lower.size() == 1) {
    VARVE_CHECK(mount_idmapped(what.lower[0], what.target, user_namespace));
    return what.target;
  }
  VARVE_CHECK(make_directories(what.places, 0711));
  std::string out;
  for (std::size_t i = 0; i < what.lower.size(); ++i) {
    auto name = std::to_string(i);
    auto place = what.places + "/" + name;
    VARVE_CHECK(make_directory(place, 0755));
    VARVE_CHECK(mount_idmapped(what.lower[i], place, user_namespace));
    out.insert(0, out.empty() ? name : name + ":");
  }
  if (::chdir(what.places.c_str()) != 0)
    return last_error("chdir " + what.places);
  return out;
}

} // namespace

result<void> enter_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0)
    return last_error("new mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return last_error("keep mounts from spreading");
  return ok();
}

result<unique_fd> make_user_namespace(std::uint32_t base) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return last_error("pipe");
  unique_fd read_end{ends[0]}, write_end{ends[1]};
  std::array<char, 16384> stack;
  auto flags = CLONE_NEWUSER | SIGCHLD;
  auto pid =
      ::clone(sleep_in_namespace, stack.data() + stack.size(), flags, ends);
  if (pid < 0)
    return last_error("new user namespace");
  auto opened = map_and_open(pid, base);
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    // nop
  }
  return opened;
}

result<void> mount_overlay(const overlay& what, int user_namespace) {
  VARVE_TRY(auto lower, mount_lower(what, user_namespace));
  auto options =
      "lowerdir=" + lower + ",upperdir=" + what.upper + ",workdir=" + what.work;
  auto mounted =
      ::mount("overlay", what.target.c_str(), "overlay", 0, options.c_str());
  auto why = last_error("overlay " + what.target);
  if (::chdir("/") != 0)
    return last_error("chdir /");
  if (mounted != 0)
    return why;
  return ok();
}

result<void> mount_tmpfs(const std::string& target, std::string_view options) {
  if (::mount("tmpfs", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
              std::string{options}.c_str())
      != 0)
    return last_error("tmpfs " + target);
  return ok();
}

result<void> bind(const std::string& source, const std::string& target) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return last_error("bind " + target);
  return ok();
}

result<void> mount_sysfs(const std::string& target) {
  if (::mount("sysfs", target.c_str(), "sysfs",
              MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr)
      != 0)
    return last_error("sysfs " + target);
  return ok();
}

result<void> make_read_only(const std::string& target) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  if (::syscall(SYS_mount_setattr, AT_FDCWD, target.c_str(), AT_RECURSIVE,
                &attributes, sizeof attributes)
      != 0)
    return last_error("read-only " + target);
  return ok();
}

void unmount(const std::string& target) noexcept {
  for (int i = 0; i < 16; ++i)
    if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      return;
}

} // namespace varve::runner
