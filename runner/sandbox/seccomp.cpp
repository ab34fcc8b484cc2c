#include "runner/sandbox/seccomp.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace varve::runner {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#else
#error "no system call filter for this architecture"
#endif

// mseal; what follows it did not exist when this list was made. Calls of the
// x32 ABI have a bit set that lies above.
constexpr std::uint32_t newest_known = 462;

constexpr std::uint32_t namespace_flags =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC
    | CLONE_NEWUTS | CLONE_NEWCGROUP | 0x80; // CLONE_NEWTIME

constexpr int refused[] = {
    SYS_acct,
    SYS_add_key,
    SYS_bpf,
    SYS_clock_adjtime,
    SYS_clock_settime,
    SYS_delete_module,
    SYS_fanotify_init,
    SYS_finit_module,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fsopen,
    SYS_fspick,
    SYS_get_mempolicy,
    SYS_init_module,
    SYS_kcmp,
    SYS_kexec_file_load,
    SYS_kexec_load,
    SYS_keyctl,
    SYS_lookup_dcookie,
    SYS_mbind,
    SYS_migrate_pages,
    SYS_mount,
    SYS_mount_setattr,
    SYS_move_mount,
    SYS_move_pages,
    SYS_open_by_handle_at,
    SYS_open_tree,
    SYS_perf_event_open,
    SYS_pivot_root,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_reboot,
    SYS_request_key,
    SYS_set_mempolicy,
    SYS_setdomainname,
    SYS_sethostname,
    SYS_setns,
    SYS_settimeofday,
    SYS_swapoff,
    SYS_swapon,
    SYS_syslog,
    SYS_umount2,
    SYS_userfaultfd,
    SYS_vhangup,
#if defined(__x86_64__)
    SYS__sysctl,
    SYS_create_module,
    SYS_get_kernel_syms,
    SYS_ioperm,
    SYS_iopl,
    SYS_modify_ldt,
    SYS_nfsservctl,
    SYS_query_module,
    SYS_sysfs,
    SYS_uselib,
    SYS_ustat,
#endif
};

constexpr int absent[] = {
    SYS_clone3,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_io_uring_setup,
};

constexpr int socket_families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

class program {
 public:
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset), 0, 0);
  }
  // Returns `action` when the loaded word compares so; else goes on.
  void when(std::uint16_t comparison, std::uint32_t value,
            std::uint32_t action) {
    jump(comparison, value, 0, 1);
    give(action);
  }
  void unless(std::uint16_t comparison, std::uint32_t value,
              std::uint32_t action) {
    jump(comparison, value, 1, 0);
    give(action);
  }
  void jump(std::uint16_t comparison, std::uint32_t value, std::uint8_t yes,
            std::uint8_t no) {
    add(static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), value, yes,
        no);
  }
  void give(std::uint32_t action) {
    add(BPF_RET | BPF_K, action, 0, 0);
  }
  std::string bytes() const {
    return {reinterpret_cast<const char*>(code_.data()),
            code_.size() * sizeof(sock_filter)};
  }

 private:
  void add(std::uint16_t code, std::uint32_t k, std::uint8_t yes,
           std::uint8_t no) {
    code_.push_back(sock_filter{code, yes, no, k});
  }

  std::vector<sock_filter> code_;
};

constexpr std::uint32_t fails_with(int number) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number);
}

// The low half of the first argument, on the little-endian machines above.
constexpr std::size_t first_argument = offsetof(seccomp_data, args);

} // namespace

std::string compile_seccomp_filter() {
  program p;
  p.load(offsetof(seccomp_data, arch));
  p.unless(BPF_JEQ, own_architecture, fails_with(ENOSYS));
  p.load(offsetof(seccomp_data, nr));
  p.when(BPF_JGT, newest_known, fails_with(ENOSYS));
  for (auto number : refused)
    p.when(BPF_JEQ, static_cast<std::uint32_t>(number), fails_with(EPERM));
  for (auto number : absent)
    p.when(BPF_JEQ, static_cast<std::uint32_t>(number), fails_with(ENOSYS));
  // The flags of clone and unshare.
  p.jump(BPF_JEQ, SYS_clone, 1, 0);
  p.jump(BPF_JEQ, SYS_unshare, 0, 4);
  p.load(first_argument);
  p.when(BPF_JSET, namespace_flags, fails_with(EPERM));
  p.give(SECCOMP_RET_ALLOW);
  // The family of socket and socketpair.
  constexpr std::uint8_t families = std::size(socket_families);
  p.jump(BPF_JEQ, SYS_socket, 1, 0);
  p.jump(BPF_JEQ, SYS_socketpair, 0, families * 2 + 2);
  p.load(first_argument);
  for (auto family : socket_families)
    p.when(BPF_JEQ, static_cast<std::uint32_t>(family), SECCOMP_RET_ALLOW);
  p.give(fails_with(EAFNOSUPPORT));
  p.give(SECCOMP_RET_ALLOW);
  return p.bytes();
}

} // namespace varve::runner
