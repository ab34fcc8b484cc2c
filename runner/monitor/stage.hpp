// Everything the container stands on, made inside the monitor's own network
// and mount namespaces.
#pragma once

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/monitor/monitor_options.hpp"

namespace varve::runner {

// The host's namespaces, to come back to: a monitor that stayed in its own
// would keep every mount of the host from ever being gone.
struct home {
  unique_fd mounts, network;

  static result<home> open();
  result<void> come_back() const;
};

// The calling process, of one thread, becomes a member of the init groups.
result<void> join_init_groups(const monitor_options& options);

result<void> enter_sandbox_network(const monitor_options& options);

// The root file system at <run>/rootfs and, read-only, /sys at <run>/sys and
// at <run>/groups, what stands for /sys/fs/cgroup on v1.
result<void> mount_sandbox(const monitor_options& options);

} // namespace varve::runner
