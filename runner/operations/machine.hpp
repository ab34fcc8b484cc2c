// The host as the runner prepares and uses it: directories, addresses,
// firewall, control groups, the programs it starts. No journal.
#pragma once

#include <memory>
#include <string>

#include "events/base/result.hpp"
#include "runner/archive/archive_store.hpp"
#include "runner/images/image_store.hpp"
#include "runner/network/address_plan.hpp"
#include "runner/operations/file_locks.hpp"
#include "runner/operations/runner_config.hpp"
#include "runner/sandbox/cgroups.hpp"
#include "runner/sandbox/disk_store.hpp"
#include "runner/sandbox/launch.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

// Read only once open, but for what guards itself; any thread.
struct machine {
  config settings;
  layout where;
  address_plan addresses;
  cgroups groups;
  start_means means;
  std::string runner_id;
  std::unique_ptr<disk_store> disks; // nothing chosen yet
  std::shared_ptr<archive_store> archives{};
  std::shared_ptr<file_locks> locks{};
  std::unique_ptr<image_store> images{};

  // Prepares the host but for its network (network_guard.hpp). Names what is
  // missing.
  static result<std::unique_ptr<machine>> open(const config& settings);

  // Removes what this and the network guard made on the host: control groups,
  // run-time directory, firewall, gateway address. The data stays.
  result<void> close_down() const;
};

} // namespace varve::runner
