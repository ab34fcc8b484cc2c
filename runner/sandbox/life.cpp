#include "runner/sandbox/life.hpp"

#include <csignal>

#include <sys/wait.h>

#include "runner/kernel/files.hpp"

namespace varve::runner {

namespace {

using std::chrono::milliseconds;

// How long a monitor may take to write down what it saw.
constexpr milliseconds monitor_limit{2000};
constexpr milliseconds kill_limit{5000};

bool is_member(const layout& where, const std::string& id, pid_t pid) {
  auto groups = read_file("/proc/" + std::to_string(pid) + "/cgroup");
  return groups
         && groups.value().find("/" + where.cgroup(id) + "/")
                != std::string::npos;
}

std::optional<unique_fd> open_member(const layout& where, const std::string& id,
                                     const char* file, process_id* out) {
  auto named = read_process(where.run_sandbox(id) + "/" + file);
  if (!named)
    return std::nullopt;
  auto fd = open_process(named.value());
  if (!fd || !is_member(where, id, named.value().pid))
    return std::nullopt;
  if (out != nullptr)
    *out = named.value();
  return std::move(fd.value());
}

void end_pid_1(int pidfd, milliseconds grace) {
  if (grace.count() > 0) {
    signal_process(pidfd, SIGTERM);
    if (wait_for_end(pidfd, grace))
      return;
  }
  signal_process(pidfd, SIGKILL);
  wait_for_end(pidfd, kill_limit);
}

// The monitor may be a child of ours, or of a server before us.
void reap(int pidfd) {
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
}

} // namespace

std::optional<running_sandbox> find_running(const layout& where,
                                            const std::string& id,
                                            const std::string& boot_id) {
  auto boot = read_file(where.run_sandbox(id) + "/boot");
  if (!boot || boot.value() != boot_id)
    return std::nullopt;
  running_sandbox out;
  auto fd = open_member(where, id, "started", &out.pid_1);
  if (!fd)
    return std::nullopt;
  out.pidfd = std::move(*fd);
  return out;
}

result<sandbox_end> end_processes(const layout& where, const cgroups& groups,
                                  const std::string& id,
                                  std::chrono::milliseconds grace) {
  auto run = where.run_sandbox(id);
  auto monitor = open_member(where, id, "monitor", nullptr);
  auto pid_1 = open_member(where, id, "started", nullptr);
  if (pid_1)
    end_pid_1(pid_1->get(), grace);
  if (monitor && exists(run + "/started"))
    wait_for_end(monitor->get(), monitor_limit);
  sandbox_end end;
  end.out_of_memory = groups.oom_kills(id) > 0;
  VARVE_CHECK(groups.end_processes(id));
  if (monitor && wait_for_end(monitor->get(), monitor_limit))
    reap(monitor->get());
  if (auto exit = read_exit(run))
    end.exit = exit.value();
  return end;
}

} // namespace varve::runner
