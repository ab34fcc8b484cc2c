// The bundle an OCI runtime is given. It holds no value of the sandbox's
// environment: those go to PID 1 through memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/sandbox/cgroups.hpp"

namespace varve::runner {

struct oci_options {
  std::string id;
  std::string rootfs; // directory in the bundle
  std::string sys;    // directory on the host, bound to /sys
  std::string groups; // directory on the host, bound to /sys/fs/cgroup on v1
  std::vector<cgroups::guest_group> guest_groups; // bound below it, or to it
  std::string etc;          // directory with hosts, hostname, resolv.conf
  std::string toolbox_path; // on the host
  std::uint32_t uid_base = 0;
  std::uint64_t open_files = 0; // the limit, never above our own
  std::uint64_t core_bytes = 0; // of a core file
  std::string cgroup;           // empty: the runtime leaves cgroups alone
};

std::string make_oci_config(const oci_options& options);

} // namespace varve::runner
