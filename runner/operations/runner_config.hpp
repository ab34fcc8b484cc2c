// How a runner is set up. Paths are absolute.
#pragma once

#include <string>

#include "runner/builder/build_limits.hpp"

namespace varve::runner {

struct config {
  std::string data_dir;
  std::string run_dir = "/run/varve";
  std::string toolbox_path; // the static varve-toolbox
  std::string monitor_path; // the static varve-monitor
  std::string unpack_path;  // varve-unpack; empty: no image is pulled
  std::string cell_path;    // varve-cell; empty: no image is built
  std::string contexts_dir; // <organization>/<hash>/context.tar of builds
  build_limits builds;
  // How registries are reached, see runner/images/puller.hpp.
  std::string registries_conf;
  std::string registry_auth;
  std::string runtime = "auto";    // "auto", "crun", "runc", or a path to one
  std::string disk_limit = "auto"; // "auto", "quota", "image", "none"
  unsigned ready_disks = 4;        // images made in advance, of each size
  unsigned concurrent_starts = 4;
  unsigned warm_count = 0;        // started sandboxes that wait; 0: none
  unsigned warm_memory_mib = 512; // that those may take together
  unsigned guest_pids = 4096;     // processes and threads a guest may have
  // "10.77.0.0/16"; empty: one that is free on this host. Kept once chosen.
  std::string subnet;
  // Address that answers DNS for sandboxes; empty: the host's own resolver.
  std::string resolver;
  // How much memory the machine has left; tests put their own in place.
  std::string memory_file = "/proc/meminfo";
  // Names the run of the machine; tests put their own in place.
  std::string boot_id_file = "/proc/sys/kernel/random/boot_id";
};

} // namespace varve::runner
