#include "runner/operations/machine.hpp"

#include <cerrno>

#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "runner/archive/directory_store.hpp"
#include "runner/builder/build_space.hpp"
#include "runner/images/login_file.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/mounts.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/operations/network_guard.hpp"
#include "runner/sandbox/seccomp.hpp"

namespace varve::runner {

namespace {

constexpr long tmpfs_type = 0x01021994;
constexpr long cgroup2_type = 0x63677270;

bool is_of_type(const std::string& path, long type) {
  struct statfs status {};
  return ::statfs(path.c_str(), &status) == 0
         && static_cast<long>(status.f_type) == type;
}

bool is_mount_point(const std::string& path) {
  auto text = read_file("/proc/self/mountinfo", 16 << 20);
  return text && text.value().find(" " + path + " ") != std::string::npos;
}

// Ours alone and in memory: gone with the machine, and nothing mounted in it
// spreads to namespaces of others.
result<void> make_run_directory(const std::string& path) {
  VARVE_CHECK(make_directories(path, 0711));
  if (is_mount_point(path) && is_of_type(path, tmpfs_type))
    return ok();
  VARVE_CHECK(mount_tmpfs(path, "mode=711,size=256m"));
  if (::mount(nullptr, path.c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return last_error("make " + path + " private");
  return ok();
}

// Moving a process into a control group, which every command begins with,
// waits 5 to 10 ms for all processors to pass a quiet point, unless some
// hierarchy of the host favours moves. This one exists for that and holds
// nothing. Where the kernel has no such thing (before 6.0) moves stay slow, and
// where there is no hierarchy of v1 yet: programs would see a first one.
void favor_moves(const layout& where) {
  auto path = where.run() + "/moves";
  auto wanted = "none,favordynmods,name=" + where.cgroup();
  if (is_mount_point(path) || is_of_type("/sys/fs/cgroup", cgroup2_type))
    return;
  auto made = make_directories(path, 0700);
  if (made
      && ::mount("cgroup", path.c_str(), "cgroup",
                 MS_NOSUID | MS_NODEV | MS_NOEXEC, wanted.c_str())
             != 0)
    made = last_error("mount " + path);
  if (!made)
    log_info("runner", "commands start slowly: " + made.error().detail);
}

std::string find_program(const std::string& name) {
  for (auto* directory : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
                          "/usr/bin/", "/sbin/", "/bin/"})
    if (::access((directory + name).c_str(), X_OK) == 0)
      return directory + name;
  return {};
}

result<std::string> choose_runtime(const std::string& wanted) {
  if (wanted.rfind('/', 0) == 0)
    return wanted;
  if (wanted != "auto") {
    auto path = find_program(wanted);
    if (path.empty())
      return failure(errc::unsupported, wanted + " is not installed");
    return path;
  }
  for (auto* name : {"crun", "runc"})
    if (auto path = find_program(name); !path.empty())
      return path;
  return failure(errc::unsupported, "neither crun nor runc is installed");
}

result<void> check_program(const std::string& path) {
  if (::access(path.c_str(), X_OK) != 0)
    return last_error("program " + path);
  return ok();
}

result<start_means> choose_means(const config& settings) {
  start_means out;
  out.monitor_path = settings.monitor_path;
  out.toolbox_path = settings.toolbox_path;
  VARVE_CHECK(check_program(out.monitor_path));
  VARVE_CHECK(check_program(out.toolbox_path));
  VARVE_TRY(out.runtime, choose_runtime(settings.runtime));
  auto name = out.runtime.substr(out.runtime.rfind('/') + 1);
  out.runtime_cgroups = name.find("crun") == std::string::npos;
  out.filter = compile_seccomp_filter();
  VARVE_TRY(out.boot_id, read_file(settings.boot_id_file));
  while (!out.boot_id.empty() && out.boot_id.back() == '\n')
    out.boot_id.pop_back();
  return out;
}

result<std::string> read_or_make_runner_id(const std::string& path) {
  auto known = read_file(path);
  if (known) {
    VARVE_TRY(auto id, uuid::parse(known.value().substr(0, 36)));
    return id.str();
  }
  auto made = uuid::v4().str();
  VARVE_CHECK(write_file_atomic(path, made + "\n", 0644, true));
  return made;
}

// A sandbox that comes back needs what its files lie over.
result<std::vector<std::string>> images_of(archive_store& archives) {
  std::vector<std::string> out;
  VARVE_TRY(auto ids, archives.list());
  for (const auto& id : ids) {
    VARVE_TRY(auto record, archives.find(id));
    if (record)
      out.push_back(std::move(record->image_ref));
  }
  return out;
}

} // namespace

result<std::unique_ptr<machine>> machine::open(const config& settings) {
  VARVE_TRY(auto where, layout::open(settings.data_dir, settings.run_dir));
  VARVE_TRY(auto addresses,
            address_plan::open(settings.data_dir + "/network", settings.subnet,
                               where.instance()));
  VARVE_CHECK(make_run_directory(where.run()));
  favor_moves(where);
  VARVE_TRY(auto groups, cgroups::open(where.cgroup(), where.run_sandboxes()));
  VARVE_TRY(auto means, choose_means(settings));
  VARVE_TRY(auto runner_id,
            read_or_make_runner_id(settings.data_dir + "/runner_id"));
  auto disks = std::make_unique<disk_store>(where);
  auto out = std::make_unique<machine>(
      machine{settings, std::move(where), addresses, std::move(groups),
              std::move(means), std::move(runner_id), std::move(disks)});
  out->archives = std::make_shared<directory_store>(out->where.archives());
  out->locks = std::make_shared<file_locks>();
  VARVE_TRY(out->images, image_store::open(out->where));
  out->images->ask_too(
      [archives = out->archives] { return images_of(*archives); });
  // runc, on its way to being the guest's root, walks there by its path. What
  // lies below has modes of its own.
  clear_build_spaces(out->where);
  clear_login_files(out->where.run() + "/logins");
  auto closed = out->means.runtime_cgroups ? 0711u : 0700u;
  VARVE_CHECK(make_directories(out->where.run_sandboxes(), closed));
  VARVE_CHECK(make_directories(out->where.runtime_state(), 0700));
  VARVE_CHECK(make_directories(out->where.archives(), 0700));
  return out;
}

result<void> machine::close_down() const {
  VARVE_CHECK(lower_network(*this));
  VARVE_CHECK(groups.remove_all());
  unmount(where.run());
  return remove_file(where.run());
}

} // namespace varve::runner
