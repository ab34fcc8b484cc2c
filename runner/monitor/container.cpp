#include "runner/monitor/container.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::size_t kept_output = 4096;

std::vector<std::string> runtime_arguments(const monitor_options& options) {
  std::vector<std::string> out{options.runtime, "--root", options.state};
  if (!options.runtime_cgroups)
    out.emplace_back("--cgroup-manager=disabled");
  out.insert(out.end(), {"run", "--detach", "--bundle", options.run,
                         "--preserve-fds", std::to_string(3 + options.groups()),
                         "--pid-file", options.run + "/pid", options.id});
  return out;
}

// The monitor's descriptors 4.. become 3.. of PID 1: socket, config, filter
// and the guest's groups.
[[noreturn]] void become_runtime(const monitor_options& options, int output) {
  auto arguments = runtime_arguments(options);
  std::vector<char*> argv;
  for (auto& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path, nullptr};
  ::dup2(output, 1);
  ::dup2(output, 2);
  auto count = 3 + options.groups();
  for (int i = 0; i < count; ++i)
    ::dup2(monitor_options::socket_fd + i, 3 + i);
  ::syscall(SYS_close_range, 3u + static_cast<unsigned>(count), ~0u, 0u);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  // The bundle's paths are relative: its directory is closed to the guest's
  // root, whom the runtime becomes on the way.
  if (::chdir(options.run.c_str()) != 0)
    ::_exit(126);
  ::execve(argv[0], argv.data(), environment);
  ::_exit(127);
}

// What PID 1 was handed must not stay open here.
void close_handed_on(const monitor_options& options) {
  for (int i = 0; i < options.handed_on(); ++i)
    ::close(monitor_options::socket_fd + i);
}

void read_output(container& c) {
  char buffer[4096];
  for (;;) {
    auto n = ::read(c.output.get(), buffer, sizeof buffer);
    if (n == 0)
      c.output.reset();
    if (n <= 0)
      return;
    auto room = kept_output - std::min(kept_output, c.text.size());
    c.text.append(buffer, std::min(room, static_cast<std::size_t>(n)));
  }
}

// Waits for `pid`, reading output on the way so that nobody blocks on it.
int wait_reading(container& c, pid_t pid) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, nullptr);
  unique_fd signals{::signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC)};
  for (;;) {
    int status = 0;
    pid_t one = 0;
    while ((one = ::waitpid(-1, &status, WNOHANG)) > 0)
      c.ended[one] = status;
    if (c.output)
      read_output(c);
    if (auto found = c.ended.find(pid); found != c.ended.end())
      return found->second;
    if (one < 0 && errno == ECHILD)
      return SIGKILL; // it was never ours: how it ended cannot be known
    pollfd wait[] = {{signals.get(), POLLIN, 0}, {c.output.get(), POLLIN, 0}};
    ::poll(wait, c.output ? 2 : 1, -1);
    signalfd_siginfo info;
    while (::read(signals.get(), &info, sizeof info) > 0) {
      // nop
    }
  }
}

} // namespace

result<container> start_container(const monitor_options& options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return last_error("pipe");
  container c;
  c.output.reset(ends[0]);
  unique_fd output{ends[1]};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  auto runtime = ::fork();
  if (runtime < 0)
    return last_error("fork");
  if (runtime == 0)
    become_runtime(options, output.get());
  output.reset();
  close_handed_on(options);
  auto status = wait_reading(c, runtime);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return failure(errc::runner_failed, "the OCI runtime failed: " + c.text);
  VARVE_TRY(auto text, read_file(options.run + "/pid"));
  c.pid = static_cast<pid_t>(std::strtol(text.c_str(), nullptr, 10));
  if (c.pid <= 0)
    return failure(errc::runner_failed, "the OCI runtime wrote no pid");
  return c;
}

int wait_for_container(container& c) {
  return wait_reading(c, c.pid);
}

} // namespace varve::runner
