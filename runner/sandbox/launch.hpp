// Starting a sandbox: its control groups, its bundle and its monitor, which
// does the rest in its own namespaces and says how far it is.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/process.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/sandbox/cgroups.hpp"
#include "runner/sandbox/guest_config.hpp"
#include "runner/sandbox/image.hpp"
#include "runner/sandbox/layout.hpp"
#include "runner/sandbox/writable_layer.hpp"

namespace varve::runner {

// What all starts on this machine share. Read only, any thread.
struct start_means {
  std::string monitor_path;
  std::string toolbox_path;
  std::string runtime;          // program
  bool runtime_cgroups = false; // it cannot leave cgroups alone (runc)
  std::string filter;           // see seccomp.hpp
  std::string boot_id;
};

struct start_request {
  guest_config guest;
  const writable_layer* layer = nullptr;
  image from;
  cgroup_limits limits;
  std::string link;
  std::uint32_t address = 0;
  std::uint32_t gateway = 0;
  std::uint32_t uid_base = 0;
};

// A start on its way.
class launch {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  // Run-time directory, bundle and socket.
  static result<launch> prepare(const layout& where, const start_means& means,
                                const cgroups& groups,
                                const start_request& request);

  // Starts the monitor. The layer must still be there.
  result<void> begin();

  // Until the monitor has said so; runner_failed with its reason when it
  // fails; timed_out and shutting_down as wait_readable has them.
  result<void> wait_for(std::string_view stage, time_point until, int cancel);

  // Ends and reaps a monitor that has not come as far as "started".
  void abandon();

 private:
  launch() = default;

  std::vector<std::string> arguments_;
  unique_fd report_, report_write_;
  unique_fd socket_, config_, filter_;
  std::vector<unique_fd> guest_groups_, init_groups_;
  int disk_ = -1; // the layer's mount, if it is one; not our own
  pid_t monitor_ = 0;
  std::string said_;
};

} // namespace varve::runner
