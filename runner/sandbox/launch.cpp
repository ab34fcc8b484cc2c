#include "runner/sandbox/launch.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/memory_file.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/wait.hpp"
#include "runner/monitor/monitor_options.hpp"
#include "runner/sandbox/oci_config.hpp"
#include "runner/sandbox/toolbox_socket.hpp"

namespace varve::runner {

namespace {

std::uint64_t open_files_limit() {
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  return own.rlim_max;
}

// 1 and not 0: a host that pipes cores to a program ignores 0, and a core
// holds what the sandbox was told in confidence. No more than our own limit.
std::uint64_t core_bytes_limit() {
  rlimit own{};
  ::getrlimit(RLIMIT_CORE, &own);
  return std::min<rlim_t>(own.rlim_max, 1);
}

// As the monitor sees it.
std::string layer_root_of(const layout& where, const start_request& request) {
  auto& id = request.guest.sandbox_id;
  return layer_root(where, id, request.layer->method(),
                    where.run_sandbox(id) + "/disk");
}

oci_options bundle_of(const layout& where, const start_means& means,
                      const start_request& request, const cgroups& groups) {
  auto& id = request.guest.sandbox_id;
  oci_options out;
  out.id = id;
  out.rootfs =
      means.runtime_cgroups ? where.run_sandbox(id) + "/rootfs" : "rootfs";
  out.sys = where.run_sandbox(id) + "/sys";
  out.etc = layer_root_of(where, request) + "/etc";
  out.toolbox_path = means.toolbox_path;
  out.uid_base = request.uid_base;
  out.open_files = open_files_limit();
  out.core_bytes = core_bytes_limit();
  if (means.runtime_cgroups)
    out.cgroup = "/" + where.cgroup(id) + "/init";
  out.groups = where.run_sandbox(id) + "/groups";
  out.guest_groups = groups.guest_groups(id);
  return out;
}

monitor_options options_of(const layout& where, const start_means& means,
                           const start_request& request,
                           const cgroups& groups) {
  auto& id = request.guest.sandbox_id;
  monitor_options out;
  out.id = id;
  out.run = where.run_sandbox(id);
  out.layers = request.from.layers;
  out.files = layer_root_of(where, request);
  out.disk_mount = request.layer->mount() >= 0;
  out.link = request.link;
  out.address = request.address;
  out.gateway = request.gateway;
  out.uid_base = request.uid_base;
  out.runtime = means.runtime;
  out.state = where.runtime_state();
  out.runtime_cgroups = means.runtime_cgroups;
  for (auto& group : groups.guest_groups(id))
    out.controllers.push_back(group.controller);
  return out;
}

result<void> make_run_directory(const layout& where, const start_means& means,
                                const start_request& request,
                                const cgroups& groups) {
  auto run = where.run_sandbox(request.guest.sandbox_id);
  // Its parent is closed to everybody; the runtime works inside as the guest's
  // root and must find its way on from here.
  VARVE_CHECK(make_directories(run, 0711));
  VARVE_CHECK(make_directory(run + "/rootfs", 0755));
  VARVE_CHECK(make_directory(run + "/disk", 0755));
  VARVE_CHECK(make_directory(run + "/sys", 0755));
  VARVE_CHECK(make_directory(run + "/groups", 0755));
  VARVE_CHECK(write_file(run + "/boot", means.boot_id, 0600));
  return write_file(run + "/config.json",
                    make_oci_config(bundle_of(where, means, request, groups)),
                    0600);
}

} // namespace

result<launch> launch::prepare(const layout& where, const start_means& means,
                               const cgroups& groups,
                               const start_request& request) {
  auto& id = request.guest.sandbox_id;
  auto options = options_of(where, means, request, groups);
  VARVE_CHECK(make_run_directory(where, means, request, groups));
  launch out;
  out.disk_ = request.layer->mount();
  out.arguments_ = options.to_arguments(means.monitor_path);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return last_error("pipe");
  out.report_.reset(ends[0]);
  out.report_write_.reset(ends[1]);
  VARVE_TRY(out.socket_, listen_toolbox(where.run_sandbox(id)));
  VARVE_TRY(out.config_, make_guest_config(request.guest, request.from));
  VARVE_TRY(out.filter_, make_memory_file("varve-filter", means.filter));
  VARVE_TRY(out.guest_groups_, groups.open_guest(id));
  VARVE_TRY(out.init_groups_, groups.open_init(id));
  return out;
}

void launch::abandon() {
  if (monitor_ <= 0 || said_.find("started\n") != std::string::npos)
    return;
  // A child of ours that nobody else waits for: the pid is still its own.
  ::kill(monitor_, SIGKILL);
  while (::waitpid(monitor_, nullptr, 0) < 0 && errno == EINTR) {
    // nop
  }
  monitor_ = 0;
}

result<void> launch::begin() {
  std::vector<int> fds{report_write_.get(), socket_.get(), config_.get(),
                       filter_.get()};
  for (auto& fd : guest_groups_)
    fds.push_back(fd.get());
  for (auto& fd : init_groups_)
    fds.push_back(fd.get());
  if (disk_ >= 0)
    fds.push_back(disk_);
  auto started = spawn(arguments_, {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, fds);
  // What the sandbox listens on must be open nowhere else, or a connection
  // to a dead sandbox would wait instead of being refused.
  report_write_.reset();
  socket_.reset();
  config_.reset();
  guest_groups_.clear();
  init_groups_.clear();
  if (!started)
    return started.error();
  monitor_ = started.value();
  return ok();
}

result<void> launch::wait_for(std::string_view stage, time_point until,
                              int cancel) {
  auto line = std::string{stage} + "\n";
  while (said_.find(line) == std::string::npos) {
    VARVE_CHECK(wait_readable(report_.get(), until, cancel));
    char buffer[4096];
    auto n = ::read(report_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
      continue;
    if (n > 0 && said_.size() < 16 << 10) {
      said_.append(buffer, static_cast<std::size_t>(n));
      continue;
    }
    abandon(); // the pipe ends with the monitor
    auto failed = said_.find("failed ");
    return failure(errc::runner_failed, failed == std::string::npos
                                            ? "the monitor ended"
                                            : said_.substr(failed + 7));
  }
  return ok();
}

} // namespace varve::runner
