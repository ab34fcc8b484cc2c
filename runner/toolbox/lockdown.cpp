#include "runner/toolbox/lockdown.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/toolbox/problem.hpp"

namespace varve::toolbox {

namespace {

// What a guest's root (sudo) needs to administer its own files and users.
constexpr int kept[] = {
    CAP_CHOWN,   CAP_DAC_OVERRIDE,     CAP_FOWNER,  CAP_FSETID,
    CAP_KILL,    CAP_SETGID,           CAP_SETUID,  CAP_SETPCAP,
    CAP_SETFCAP, CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_SYS_CHROOT,
    CAP_MKNOD,   CAP_AUDIT_WRITE};

// What PID 1 itself works with: starting children as the user, ending them.
constexpr int in_effect[] = {CAP_KILL, CAP_SETGID, CAP_SETUID};

struct capability_sets {
  __user_cap_data_struct words[2] = {};
};

auto failed(const char* step) {
  return varve::failure(errc::io, std::string{step} + ": " + errno_text(errno));
}

bool load(capability_sets& out) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capget, &header, out.words) == 0;
}

bool store(const capability_sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capset, &header, sets.words) == 0;
}

unsigned bit(int number) {
  return 1u << (number % 32);
}

} // namespace

bool is_kept_capability(int number) {
  for (int one : kept)
    if (one == number)
      return true;
  return false;
}

result<void> install_filter(int fd) {
  ::lseek(fd, 0, SEEK_SET);
  std::vector<sock_filter> program(BPF_MAXINSNS + 1);
  std::size_t size = 0;
  auto* bytes = reinterpret_cast<char*>(program.data());
  for (;;) {
    auto n =
        ::read(fd, bytes + size, program.size() * sizeof(sock_filter) - size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return failed("seccomp filter cannot be read");
    if (n == 0)
      break;
    size += static_cast<std::size_t>(n);
  }
  auto length = size / sizeof(sock_filter);
  if (size % sizeof(sock_filter) != 0 || length == 0 || length > BPF_MAXINSNS)
    return varve::failure(errc::malformed,
                          "seccomp filter: not an array of sock_filter");
  sock_fprog fprog{static_cast<unsigned short>(length), program.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) != 0)
    return failed("seccomp filter cannot be installed");
  return ok();
}

result<void> drop_capabilities() {
  capability_sets sets;
  if (!load(sets))
    return failed("capget");
  if ((sets.words[0].permitted | sets.words[1].permitted) == 0)
    return ok();
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int number = 0;; ++number) {
    auto bounding = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (bounding < 0)
      break; // beyond the kernel's last capability
    if (bounding == 1 && !is_kept_capability(number)
        && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0)
      return failed("a capability cannot be dropped");
  }
  capability_sets left;
  for (int number : kept)
    left.words[number / 32].permitted |=
        sets.words[number / 32].permitted & bit(number);
  for (int number : in_effect)
    left.words[number / 32].effective |=
        left.words[number / 32].permitted & bit(number);
  return store(left) ? result<void>{ok()} : failed("capset");
}

void raise_permitted() {
  capability_sets sets;
  if (!load(sets))
    return;
  for (auto& word : sets.words)
    word.effective = word.permitted;
  store(sets);
}

} // namespace varve::toolbox
