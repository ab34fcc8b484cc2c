// The monitor's command line. Descriptors come in this order from 3 on:
// report pipe, listening socket, guest config, filter, the guest groups'
// cgroup.procs, the init groups' cgroup.procs, the disk's mount if it is one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

struct monitor_options {
  std::string id;
  std::string run;                 // directory of the sandbox's run-time files
  std::vector<std::string> layers; // of the image, the lowest first
  std::string files;               // directory that holds upper and work
  bool disk_mount = false;         // what holds them is mounted there first
  std::string link;                // name of the host's end of the veth
  std::uint32_t address = 0;
  std::uint32_t gateway = 0;
  std::uint32_t uid_base = 0;
  std::string runtime;                  // program
  std::string state;                    // directory of the runtime's own state
  bool runtime_cgroups = false;         // the runtime handles cgroups itself
  std::vector<std::string> controllers; // of v1; one empty name on v2

  // Places of descriptors.
  static constexpr int report_fd = 3;
  static constexpr int socket_fd = 4;
  // Hierarchies, so descriptors per kind of group.
  int groups() const noexcept {
    return static_cast<int>(controllers.size());
  }
  int first_guest_group() const noexcept {
    return 7;
  }
  int first_init_group() const noexcept {
    return 7 + groups();
  }
  int disk_fd() const noexcept {
    return 7 + 2 * groups();
  }
  // Those from `socket_fd` on that are not the monitor's for long.
  int handed_on() const noexcept {
    return 3 + 2 * groups() + (disk_mount ? 1 : 0);
  }

  std::vector<std::string> to_arguments(const std::string& program) const;
  static result<monitor_options> parse(int argc, char** argv);
};

} // namespace varve::runner
