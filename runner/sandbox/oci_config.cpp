#include "runner/sandbox/oci_config.hpp"

#include <initializer_list>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace varve::runner {

namespace {

namespace json = boost::json;

constexpr const char* toolbox_inside = "/usr/local/bin/varve-toolbox";

// What root in a sandbox may do to its own things. CAP_SYS_ADMIN is PID 1's
// alone: it installs the system call filter with it and gives it up.
json::array capabilities(bool with_admin) {
  json::array out{"CAP_AUDIT_WRITE",  "CAP_CHOWN",
                  "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                  "CAP_FSETID",       "CAP_KILL",
                  "CAP_MKNOD",        "CAP_NET_BIND_SERVICE",
                  "CAP_NET_RAW",      "CAP_SETFCAP",
                  "CAP_SETGID",       "CAP_SETPCAP",
                  "CAP_SETUID",       "CAP_SYS_CHROOT",
                  "CAP_SYS_PTRACE"};
  if (with_admin)
    out.emplace_back("CAP_SYS_ADMIN");
  return out;
}

json::array arguments(const oci_options& options) {
  std::string groups;
  for (std::size_t i = 0; i < options.guest_groups.size(); ++i)
    groups += (i == 0 ? "" : ",") + std::to_string(6 + i);
  return {toolbox_inside,  "init",           "--socket-fd=3",
          "--config-fd=4", "--seccomp-fd=5", "--cgroup-fds=" + groups};
}

json::object process(const oci_options& options) {
  return {
      {"terminal", false},
      {"user", {{"uid", 0}, {"gid", 0}}},
      {"args", arguments(options)},
      {"env", json::array{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/"
                          "bin:/sbin:/bin"}},
      {"cwd", "/"},
      {"capabilities",
       {{"bounding", capabilities(true)},
        {"effective", capabilities(true)},
        {"permitted", capabilities(true)},
        {"inheritable", json::array{}},
        {"ambient", json::array{}}}},
      {"rlimits", json::array{json::object{{"type", "RLIMIT_NOFILE"},
                                           {"hard", options.open_files},
                                           {"soft", options.open_files}},
                              json::object{{"type", "RLIMIT_CORE"},
                                           {"hard", options.core_bytes},
                                           {"soft", options.core_bytes}}}},
      {"noNewPrivileges", false}};
}

json::object mount(const std::string& target, const char* type,
                   const std::string& source,
                   std::initializer_list<const char*> options) {
  json::array list;
  for (auto* option : options)
    list.emplace_back(option);
  return {{"destination", target},
          {"type", type},
          {"source", source},
          {"options", std::move(list)}};
}

// On v2 the guest's group is the root of what it sees; on v1 there is one
// directory for each controller, as container engines lay it out.
void add_groups(json::array& out, const oci_options& o) {
  auto add = [&](const std::string& target, const std::string& source) {
    out.push_back(mount(target, "bind", source,
                        {"bind", "ro", "nosuid", "noexec", "nodev"}));
  };
  std::string root = "/sys/fs/cgroup";
  if (o.guest_groups.size() > 1)
    add(root, o.groups);
  for (auto& group : o.guest_groups)
    add(group.controller.empty() ? root : root + "/" + group.controller,
        group.directory);
}

void add_own_files(json::array& out, const oci_options& o) {
  for (std::string name : {"hosts", "hostname", "resolv.conf"})
    out.push_back(mount("/etc/" + name, "bind", o.etc + "/" + name,
                        {"bind", "nosuid", "nodev"}));
  out.push_back(mount(toolbox_inside, "bind", o.toolbox_path,
                      {"bind", "ro", "nosuid", "nodev"}));
}

json::array mounts(const oci_options& o) {
  json::array out{
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs",
            {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
             "gid=5"}),
      mount("/dev/shm", "tmpfs", "shm",
            {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      mount("/sys", "bind", o.sys, {"bind", "nosuid", "noexec", "nodev"})};
  add_groups(out, o);
  add_own_files(out, o);
  return out;
}

json::object linux_part(const oci_options& o) {
  json::array ids{json::object{
      {"containerID", 0}, {"hostID", o.uid_base}, {"size", 65536}}};
  json::object out{
      {"uidMappings", ids},
      {"gidMappings", ids},
      // No network namespace is named: the runtime is started inside the
      // sandbox's own, which belongs to the host and not to its root.
      {"namespaces",
       {json::object{{"type", "pid"}}, json::object{{"type", "ipc"}},
        json::object{{"type", "uts"}}, json::object{{"type", "mount"}},
        json::object{{"type", "user"}}}},
      {"maskedPaths",
       {"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/key-users",
        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/config.gz", "/proc/kallsyms",
        "/proc/modules", "/proc/sysrq-trigger", "/sys/firmware",
        "/sys/devices/virtual/powercap", "/sys/fs/selinux", "/sys/kernel"}},
      {"readonlyPaths",
       {"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"}},
      {"rootfsPropagation", "private"}};
  if (!o.cgroup.empty())
    out["cgroupsPath"] = o.cgroup;
  return out;
}

} // namespace

std::string make_oci_config(const oci_options& options) {
  json::object config{{"ociVersion", "1.0.2"},
                      {"process", process(options)},
                      {"root", {{"path", options.rootfs}, {"readonly", false}}},
                      {"hostname", options.id},
                      {"mounts", mounts(options)},
                      {"linux", linux_part(options)}};
  return json::serialize(config);
}

} // namespace varve::runner
