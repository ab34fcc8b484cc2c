// `varve-toolbox init`: the life of PID 1, from its descriptors to its exit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"

namespace varve::toolbox {

struct init_options {
  int socket_fd = -1;          // listens already
  std::string listen;          // or a path to listen at
  int config_fd = -1;          // JSON, see guest.hpp
  int seccomp_fd = -1;         // array of sock_filter
  std::vector<int> cgroup_fds; // cgroup.procs of the guest
};

// Of "--socket-fd=3 --listen=PATH --config-fd=4 --seccomp-fd=5
// --cgroup-fds=6,7,8"; every one is optional, but one of the first two is
// needed.
result<init_options> parse_init_options(const std::vector<std::string>& args);

// Serves until SIGTERM or SIGINT and the end of all children; the process's
// exit code.
int run_init(const init_options& options);

} // namespace varve::toolbox
