#include "runner/kernel/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

using clock_type = std::chrono::steady_clock;

// Field 22 of /proc/<pid>/stat, counted after the last ')' because the name
// before it may hold anything; the state is the first character there.
result<process_id> parse_stat(pid_t pid, const std::string& text) {
  auto close = text.rfind(')');
  if (close == std::string::npos || close + 2 >= text.size())
    return failure(errc::malformed, "unreadable /proc/<pid>/stat");
  auto state = text[close + 2];
  if (state == 'Z' || state == 'X')
    return failure(errc::not_found, "the process has ended");
  auto at = close + 2;
  for (int field = 3; field < 22; ++field) {
    at = text.find(' ', at);
    if (at == std::string::npos)
      return failure(errc::malformed, "short /proc/<pid>/stat");
    ++at;
  }
  return process_id{pid, std::strtoull(text.c_str() + at, nullptr, 10)};
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (auto& s : strings)
    out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

constexpr int most_descriptors = 32;

// Everything the child needs, made before the fork: between fork and exec
// only calls that are safe there.
struct child_plan {
  char* const* argv;
  char* const* environment;
  const int* fds;
  int count;
};

[[noreturn]] void become(const child_plan& plan) noexcept {
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int s = 1; s < NSIG; ++s)
    ::signal(s, SIG_DFL);
  auto null = ::open("/dev/null", O_RDWR);
  // First out of the way of the targets, then to their places.
  int copies[most_descriptors];
  for (int i = 0; i < plan.count; ++i)
    if ((copies[i] = ::fcntl(plan.fds[i], F_DUPFD, 3 + most_descriptors)) < 0)
      ::_exit(126);
  for (int i = 0; i < 3; ++i)
    ::dup2(null, i);
  for (int i = 0; i < plan.count; ++i)
    if (::dup2(copies[i], 3 + i) < 0)
      ::_exit(126);
  ::syscall(SYS_close_range, 3u + static_cast<unsigned>(plan.count), ~0u, 0u);
  ::execve(plan.argv[0], plan.argv, plan.environment);
  ::_exit(127);
}

std::string drain(int fd, clock_type::time_point until, bool& ended) {
  std::string text;
  char buffer[1024];
  ended = false;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - clock_type::now());
    pollfd p{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&p, 1, static_cast<int>(left.count())) <= 0)
      return text;
    auto n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) {
      ended = true;
      return text;
    }
    if (text.size() < 4096)
      text.append(buffer, static_cast<std::size_t>(n));
  }
}

void feed(int fd, std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

} // namespace

result<process_id> identify(pid_t pid) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text)
    return failure(errc::not_found, "no such process");
  return parse_stat(pid, text.value());
}

result<unique_fd> open_process(const process_id& id) {
  if (id.pid <= 0)
    return failure(errc::not_found, "no such process");
  unique_fd fd{static_cast<int>(::syscall(SYS_pidfd_open, id.pid, 0))};
  if (!fd) {
    if (errno == ESRCH)
      return failure(errc::not_found, "no such process");
    return last_error("pidfd_open");
  }
  // The descriptor is held now, so the pid cannot change hands any more.
  VARVE_TRY(auto found, identify(id.pid));
  if (found != id)
    return failure(errc::not_found, "the process has ended");
  return fd;
}

bool wait_for_end(int pidfd, std::chrono::milliseconds limit) noexcept {
  auto until = clock_type::now() + limit;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - clock_type::now());
    auto wait = left.count() > 0 ? static_cast<int>(left.count()) : 0;
    pollfd p{pidfd, POLLIN, 0};
    auto n = ::poll(&p, 1, wait);
    if (n > 0)
      return true;
    if (n == 0 || errno != EINTR)
      return false;
  }
}

void signal_process(int pidfd, int signal) noexcept {
  ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0u);
}

result<pid_t> spawn(const std::vector<std::string>& argv,
                    const std::vector<std::string>& environment,
                    const std::vector<int>& fds) {
  if (fds.size() > most_descriptors)
    return failure(errc::invalid, "too many descriptors to hand on");
  auto arguments = pointers(argv);
  auto variables = pointers(environment);
  child_plan plan{arguments.data(), variables.data(), fds.data(),
                  static_cast<int>(fds.size())};
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // vfork: the server is large, and copying its page tables costs more than
  // the child's whole work.
  auto pid = ::vfork();
  if (pid == 0)
    become(plan);
  auto number = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0)
    return system_error("start " + argv[0], number);
  return pid;
}

result<void> run_program(const std::vector<std::string>& argv,
                         const std::string& input,
                         std::chrono::milliseconds limit) {
  int in[2], err[2];
  if (::pipe2(in, O_CLOEXEC) != 0)
    return last_error("pipe");
  unique_fd in_read{in[0]}, in_write{in[1]};
  if (::pipe2(err, O_CLOEXEC) != 0)
    return last_error("pipe");
  unique_fd err_read{err[0]}, err_write{err[1]};
  auto shell = std::vector<std::string>{
      "/bin/sh", "-c", "exec 0<&3 2>&4 3<&- 4>&-; exec \"$@\"", "sh"};
  shell.insert(shell.end(), argv.begin(), argv.end());
  VARVE_TRY(auto pid, spawn(shell, {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                            {in_read.get(), err_write.get()}));
  in_read.reset();
  err_write.reset();
  feed(in_write.get(), input);
  in_write.reset();
  bool ended = false;
  auto text = drain(err_read.get(), clock_type::now() + limit, ended);
  if (!ended)
    ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    // nop
  }
  if (!ended)
    return failure(errc::timed_out, argv[0] + " did not end in time");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return failure(errc::runner_failed, argv[0] + ": " + text);
  return ok();
}

} // namespace varve::runner
