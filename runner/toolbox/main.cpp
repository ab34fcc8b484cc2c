#include <cstdio>
#include <string>
#include <vector>

#include "runner/toolbox/init.hpp"

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 1 && args[0] == "--version") {
    std::puts("varve-toolbox " VARVE_VERSION);
    return 0;
  }
  if (args.empty() || args[0] != "init") {
    std::fputs("usage: varve-toolbox init --socket-fd=N | --listen=PATH "
               "[--config-fd=N] [--seccomp-fd=N] [--cgroup-fds=N,N]\n",
               stderr);
    return 2;
  }
  args.erase(args.begin());
  auto options = varve::toolbox::parse_init_options(args);
  if (!options) {
    std::fprintf(stderr, "varve-toolbox: %s\n", options.error().detail.c_str());
    return 2;
  }
  return varve::toolbox::run_init(options.value());
}
