// varve-monitor: the parent of one sandbox. It outlives the server, so the
// sandbox does too, and keeps what only a parent learns: how it ended.
//
// Report pipe, a line each: "joined", "network", "mounts", then either
// "started" or "failed <text>" to the end of the pipe.
#include <csignal>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/kernel/unique_fd.hpp"
#include "runner/monitor/container.hpp"
#include "runner/monitor/run_state.hpp"
#include "runner/monitor/stage.hpp"

namespace {

using namespace varve;
using namespace varve::runner;

// Nobody may be listening any more; the sandbox goes on all the same.
void report(std::string_view line) {
  [[maybe_unused]] auto n =
      ::write(monitor_options::report_fd, line.data(), line.size());
}

result<container> prepare_and_start(const monitor_options& options) {
  VARVE_CHECK(join_init_groups(options));
  VARVE_TRY(auto self, identify(::getpid()));
  VARVE_CHECK(write_process(options.run + "/monitor", self));
  report("joined\n");
  VARVE_TRY(auto host, home::open());
  VARVE_CHECK(enter_sandbox_network(options));
  report("network\n");
  VARVE_CHECK(mount_sandbox(options));
  report("mounts\n");
  VARVE_TRY(auto started, start_container(options));
  VARVE_CHECK(host.come_back());
  VARVE_TRY(auto pid_1, identify(started.pid));
  VARVE_CHECK(write_process(options.run + "/started", pid_1));
  return started;
}

exit_report describe(int status, std::string text) {
  if (WIFSIGNALED(status))
    return {true, WTERMSIG(status), std::move(text)};
  return {false, WEXITSTATUS(status), std::move(text)};
}

} // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  auto options = monitor_options::parse(argc, argv);
  if (!options) {
    report("failed " + options.error().detail);
    return 2;
  }
  // Its directory gets another name when a sandbox that waited is claimed.
  unique_fd run{
      ::open(options.value().run.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  auto started = prepare_and_start(options.value());
  if (!started) {
    report("failed " + started.error().detail);
    return 1;
  }
  report("started\n");
  ::close(monitor_options::report_fd);
  auto status = wait_for_container(started.value());
  auto kept = write_exit("/proc/self/fd/" + std::to_string(run.get()),
                         describe(status, started.value().text));
  return kept ? 0 : 1;
}
