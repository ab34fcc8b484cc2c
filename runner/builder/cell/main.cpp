// varve-cell: makes the namespaces that a build runs in and becomes the OCI
// runtime. All it mounts ends with its processes.
#include <iostream>

#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runner/builder/cell_options.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/mounts.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/link/sandbox_link.hpp"

namespace {

using namespace varve;
using namespace varve::runner;

result<void> join_groups(const cell_options& o) {
  for (const auto& group : o.groups) {
    VARVE_CHECK(write_file(group + "/cgroup.procs", "0"));
  }
  return ok();
}

// What the build shall see of the host, and not change.
result<void> show(const std::string& source, const std::string& target) {
  VARVE_CHECK(make_directories(target, 0755));
  VARVE_CHECK(bind(source, target));
  return make_read_only(target);
}

result<void> own_tmpfs(const std::string& target, const std::string& owner,
                       const std::string& more) {
  VARVE_CHECK(make_directories(target, 0755));
  return mount_tmpfs(target, "uid=" + owner + ",gid=" + owner + "," + more);
}

result<void> link_usr(const std::string& root) {
  for (const std::string name : {"bin", "sbin", "lib", "lib64"})
    if (::symlink(("usr/" + name).c_str(), (root + "/" + name).c_str()) != 0)
      return last_error("link " + name);
  return ok();
}

result<void> mount_all(const cell_options& o) {
  VARVE_CHECK(enter_private_mounts());
  // crun refuses a host whose v2 tree beside v1 has controllers of its own.
  unmount("/sys/fs/cgroup/unified");
  auto root = o.run + "/rootfs";
  auto owner = std::to_string(o.uid_base);
  VARVE_CHECK(mount_tmpfs(root, "mode=755,size=16m"));
  VARVE_CHECK(show("/usr", root + "/usr"));
  VARVE_CHECK(link_usr(root));
  VARVE_CHECK(show(o.run + "/etc", root + "/etc"));
  if (exists("/etc/ssl/certs")) {
    VARVE_CHECK(show("/etc/ssl/certs", root + "/etc/ssl/certs"));
  }
  VARVE_CHECK(show(o.run + "/files", root + "/build"));
  VARVE_CHECK(show(o.bases, root + "/bases"));
  for (const auto* name : {"/tmp", "/run", "/var", "/root"}) {
    VARVE_CHECK(own_tmpfs(root + name, owner, "mode=755,size=64m"));
  }
  VARVE_CHECK(make_directories(root + "/work", 0755));
  VARVE_CHECK(bind(o.space, root + "/work"));
  for (const auto* name : {"/proc", "/dev"}) {
    VARVE_CHECK(make_directories(root + name, 0755));
  }
  VARVE_CHECK(make_directories(root + "/sys", 0755));
  VARVE_CHECK(mount_sysfs(root + "/sys"));
  return make_read_only(root + "/sys");
}

result<void> prepare(const cell_options& o) {
  VARVE_CHECK(join_groups(o));
  VARVE_CHECK(enter_network({o.link, o.address, o.gateway}));
  return mount_all(o);
}

} // namespace

int main(int argc, char** argv) {
  auto options = cell_options::parse(argc, argv);
  if (!options) {
    std::cerr << "Error: " << options.error().detail << "\n";
    return 2;
  }
  const auto& o = options.value();
  if (auto prepared = prepare(o); !prepared) {
    std::cerr << "Error: the build's place could not be made: "
              << prepared.error().detail << "\n";
    return 1;
  }
  // The bundle's paths are relative: its directory is closed to the build's
  // root, whom the runtime becomes on the way.
  if (::chdir(o.run.c_str()) == 0)
    ::execl(o.runtime.c_str(), o.runtime.c_str(), "--root", o.state.c_str(),
            "--cgroup-manager=disabled", "run", "--bundle", o.run.c_str(),
            o.id.c_str(), nullptr);
  std::cerr << "Error: " << last_error("the OCI runtime").detail << "\n";
  return 1;
}
