// The system calls a guest may make. Compiled once; PID 1 of every sandbox
// installs it before anything of the guest runs.
#pragma once

#include <string>

namespace varve::runner {

// The filter as an array of struct sock_filter, for this machine's own calls;
// those of its other ABIs (x32, i386) do not exist for a guest.
//
// Refused: what makes or enters namespaces (user namespaces lead to kernel
// code that is otherwise out of reach), mounts, kernel keys, modules, bpf,
// perf, userfaultfd, io_uring, file handles, clocks, quotas, swap, and sockets
// other than Unix, IPv4, IPv6 and netlink. clone3 does not exist, since a
// filter cannot see its flags; everybody falls back to clone. Neither do calls
// newer than this list. Tracing one's own processes is allowed.
std::string compile_seccomp_filter();

} // namespace varve::runner
