// What the toolbox knows of the sandbox it runs, read by everything that acts
// for a caller: fixed at the start, but for the environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>

#include "events/base/result.hpp"
#include "runner/toolbox/accounts.hpp"
#include "runner/toolbox/request.hpp"

namespace varve::toolbox {

// As the runner hands it over, once, through a descriptor.
struct guest_config {
  std::string sandbox_id;
  std::string user;
  std::string snapshot;
  std::string workdir;
  std::string hostname;
  std::vector<name_value> env;
  std::vector<std::string> image_env; // "K=V"
  std::vector<std::string> entrypoint;
};

// Errors name the member and never hold a value of env.
result<guest_config> parse_guest_config(std::string_view json);
// Reads a memfd from its start or a pipe to its end, at most 4 MiB.
result<std::string> read_config(int fd);

struct guest {
  guest_config config;
  identity who;
  std::string workdir; // where relative paths and commands start
  std::vector<std::string> environment; // "K=V", of every process
  std::vector<int> cgroups;             // descriptors of cgroup.procs
  int null_fd = -1;                     // reads as empty, swallows writes
  rlimit files{};                       // RLIMIT_NOFILE for children
};

// "K=V" list with `more` laid over it; the last value of a name wins.
std::vector<std::string> with_variables(std::vector<std::string> base,
                                        const std::vector<name_value>& more);
// The value of a name in a "K=V" list; empty when absent.
std::string_view variable(const std::vector<std::string>& environment,
                          std::string_view name);
// Relative folders and an empty one are in the work directory.
std::string absolute_folder(const std::string& folder, const guest& g);
// [A-Za-z_][A-Za-z0-9_]*
bool is_variable_name(std::string_view name);

// Image env, then DAYTONA_*, then HOME, USER, LOGNAME and SHELL, then the
// sandbox's own env: later ones win.
std::vector<std::string> base_environment(const guest_config& config,
                                          const identity& who);

} // namespace varve::toolbox
