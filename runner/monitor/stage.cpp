#include "runner/monitor/stage.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "runner/kernel/detached_mount.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/mounts.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/link/sandbox_link.hpp"

namespace varve::runner {

namespace {

constexpr const char* groups_root = "/sys/fs/cgroup";

// Where the controllers' directories of cgroup v1 are put on top later.
result<void> mount_groups(const monitor_options& options,
                          const std::string& target) {
  if (options.controllers.size() < 2)
    return ok();
  VARVE_CHECK(mount_tmpfs(target, "mode=755,size=64k"));
  for (auto& controller : options.controllers) {
    VARVE_CHECK(make_directory(target + "/" + controller, 0755));
  }
  return make_read_only(target);
}

// crun refuses a host whose v2 tree beside v1 has controllers of its own. It
// does not use them here, so it need not see that tree.
void hide_second_hierarchy() {
  unmount(std::string{groups_root} + "/unified");
}

} // namespace

result<home> home::open() {
  home out;
  out.mounts.reset(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  out.network.reset(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!out.mounts || !out.network)
    return last_error("the host's namespaces");
  return out;
}

result<void> home::come_back() const {
  if (::setns(network.get(), CLONE_NEWNET) != 0
      || ::setns(mounts.get(), CLONE_NEWNS) != 0)
    return last_error("come back to the host's namespaces");
  return ok();
}

result<void> join_init_groups(const monitor_options& options) {
  for (int i = 0; i < options.groups(); ++i)
    if (::write(options.first_init_group() + i, "0", 1) != 1)
      return last_error("join the sandbox's control group");
  return ok();
}

result<void> enter_sandbox_network(const monitor_options& options) {
  return enter_network({options.link, options.address, options.gateway});
}

result<void> mount_sandbox(const monitor_options& options) {
  VARVE_CHECK(enter_private_mounts());
  if (!options.runtime_cgroups)
    hide_second_hierarchy();
  if (options.disk_mount) {
    VARVE_CHECK(place_mount(options.disk_fd(), options.files));
  }
  VARVE_TRY(auto ids, make_user_namespace(options.uid_base));
  VARVE_CHECK(mount_overlay({options.layers, options.files + "/upper",
                             options.files + "/work", options.run + "/rootfs",
                             options.run + "/layers"},
                            ids.get()));
  auto sys = options.run + "/sys";
  VARVE_CHECK(mount_sysfs(sys));
  VARVE_CHECK(make_read_only(sys));
  return mount_groups(options, options.run + "/groups");
}

} // namespace varve::runner
