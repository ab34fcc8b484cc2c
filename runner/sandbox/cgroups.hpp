// The sandbox's control groups, on cgroup v2 and on v1 (hybrid or legacy).
//
//   varve-<instance>/<sandbox>         the guest's limits and a little more
//   varve-<instance>/<sandbox>/init    monitor and PID 1
//   varve-<instance>/<sandbox>/guest   what the guest runs, with its limits
//
// So the guest's own out-of-memory ends something of the guest, not PID 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

// How processes of a sandbox are frozen. On v1 they are members of no freezer
// group until then: with `moves` they must be moved into `group` first.
struct freezer_group {
  std::string group;
  bool has_state = false; // v1: freezer.state, else cgroup.freeze
  bool moves = false;
};

struct cgroup_limits {
  std::uint64_t memory_bytes = 0;
  std::uint32_t cpu_millis = 0;
  std::uint32_t pids = 0;
};

// Any thread; holds only paths.
class cgroups {
 public:
  // Finds the hierarchies with memory, cpu and pids; unsupported when one is
  // missing. Makes the server's own group `name` in each.
  // `run_sandboxes` may name the groups of sandboxes that were claimed
  // (layout.hpp).
  static result<cgroups> open(const std::string& name,
                              const std::string& run_sandboxes = {});

  bool is_unified() const noexcept {
    return unified_;
  }

  result<void> create(const std::string& id, const cgroup_limits& limits) const;

  // cgroup.procs of every hierarchy, to be written "0" by who joins.
  result<std::vector<unique_fd>> open_init(const std::string& id) const;
  result<std::vector<unique_fd>> open_guest(const std::string& id) const;

  struct guest_group {
    std::string controller; // empty on v2
    std::string directory;
  };
  std::vector<guest_group> guest_groups(const std::string& id) const;

  // Everything that runs in a sandbox, the monitor included.
  std::vector<pid_t> processes(const std::string& id) const;

  // How often the kernel ended monitor or PID 1 for want of memory.
  std::uint64_t oom_kills(const std::string& id) const;
  // The same of what the guest runs.
  std::uint64_t guest_oom_kills(const std::string& id) const;

  // Gives a running sandbox other limits. What needs more is raised first.
  result<void> set_limits(const std::string& id,
                          const cgroup_limits& limits) const;

  // Nothing when this host cannot freeze.
  std::optional<freezer_group> freezer_of(const std::string& id) const;

  // SIGKILL to all of them until none is left; timed_out when some stay.
  result<void> end_processes(const std::string& id) const;

  // A missing one is fine, one with processes is not.
  result<void> remove(const std::string& id) const;

  // Bytes that are charged to it; 0 when unknown.
  std::uint64_t memory_used(const std::string& id) const;

  // Names of groups.
  std::vector<std::string> list() const;

  // The server's own group, which must have no sandboxes any more.
  result<void> remove_all() const;

 private:
  struct hierarchy {
    std::string root;       // mount point
    std::string controller; // empty on v2
  };

  std::string base(const hierarchy& h, const std::string& id) const {
    return h.root + "/" + path_of(id);
  }
  // Below every root.
  std::string path_of(const std::string& id) const {
    return name_ + "/" + (aliases_.empty() ? id : group_of(aliases_, id));
  }

  result<void> limit_v1(const hierarchy& h, const std::string& group,
                        const cgroup_limits& limits) const;
  std::uint64_t oom_kills_in(const std::string& id, const char* group) const;
  result<void> make_groups(const std::string& id) const;
  result<std::vector<unique_fd>> open_procs(const std::string& id,
                                            const char* group) const;

  std::string name_;
  std::string aliases_;
  std::vector<hierarchy> hierarchies_;
  // All there are: a runtime that handles control groups itself uses more.
  std::vector<std::string> roots_;
  bool unified_ = false;
  std::string freezer_root_; // empty: none but by `unified_`
  bool freezer_has_state_ = false;
};

} // namespace varve::runner
