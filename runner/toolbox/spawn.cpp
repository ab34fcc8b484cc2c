#include "runner/toolbox/spawn.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/toolbox/lockdown.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox {

namespace {

std::string step_failed(const char* step) {
  return std::string{step} + ": " + errno_text(errno);
}

void reset_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  for (int number = 1; number < NSIG; ++number)
    if (number != SIGKILL && number != SIGSTOP)
      ::signal(number, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Descriptors are first lifted above those they shall have, so that none is
// overwritten before it was copied; the guest's cgroups lie above already.
bool place_files(const child_files& files) {
  int wanted[] = {files.in,      files.out,    files.err,
                  files.channel, files.second, files.third};
  for (int& fd : wanted)
    if (fd >= 0 && (fd = ::fcntl(fd, F_DUPFD_CLOEXEC, first_free_fd)) < 0)
      return false;
  for (int place = 0; place < 6; ++place) {
    if (wanted[place] < 0)
      continue;
    int flags = place >= child_channel ? O_CLOEXEC : 0;
    if (::dup3(wanted[place], place, flags) < 0)
      return false;
  }
  return true;
}

bool close_others(const child_files& files) {
  unsigned first = child_channel;
  for (int fd : {files.channel, files.second, files.third})
    first += fd >= 0 ? 1 : 0;
  return ::syscall(SYS_close_range, first, ~0u, 0) == 0;
}

bool join_cgroups(const guest& g) {
  for (int fd : g.cgroups)
    if (::write(fd, "0", 1) != 1)
      return false;
  return true;
}

bool become(const identity& who) {
  if (::geteuid() == who.uid && who.uid != 0)
    return true; // run by hand as this very user
  if (::setgroups(who.groups.size(), who.groups.data()) != 0)
    return false;
  return ::setresgid(who.gid, who.gid, who.gid) == 0
         && ::setresuid(who.uid, who.uid, who.uid) == 0;
}

// Everything between fork and the child's own work.
std::string settle(const guest& g, const child_files& files) {
  ::setsid();
  reset_signals();
  // First, so that a failure of the rest can be told.
  if (!place_files(files))
    return step_failed("cannot set up descriptors");
  // A child that stayed outside would take its memory from PID 1's cgroup.
  if (!join_cgroups(g))
    return step_failed("cannot enter the sandbox's cgroup");
  if (!close_others(files))
    return step_failed("cannot close descriptors");
  ::setrlimit(RLIMIT_NOFILE, &g.files);
  ::umask(022);
  if (!become(g.who))
    return step_failed("cannot become the sandbox's user");
  if (g.who.uid == 0)
    raise_permitted();
  return {};
}

bool is_executable_file(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode)
         && ::access(path.c_str(), X_OK) == 0;
}

} // namespace

result<pid_t> fork_as_user(const guest& g, const child_files& files,
                           const child_body& body) {
  auto pid = ::fork();
  if (pid < 0)
    return varve::failure(errc::too_busy,
                          "cannot start a process: " + errno_text(errno));
  if (pid > 0)
    return pid;
  int code = 125;
  try {
    code = body(settle(g, files));
  } catch (...) {
    // An exception may not unwind into the server's own frames.
  }
  ::_exit(code);
}

int execute_program(const std::string& path,
                    const std::vector<std::string>& arguments,
                    const std::vector<std::string>& environment) {
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (const auto& text : arguments)
    argv.push_back(const_cast<char*>(text.c_str()));
  for (const auto& text : environment)
    envp.push_back(const_cast<char*>(text.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  ::execve(path.c_str(), argv.data(), envp.data());
  return errno;
}

std::string find_program(std::string_view name, std::string_view path) {
  if (name.find('/') != std::string_view::npos)
    return is_executable_file(std::string{name}) ? std::string{name}
                                                 : std::string{};
  while (!path.empty()) {
    auto folder = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(path.size(), folder.size() + 1));
    std::string full{folder.empty() ? "." : folder};
    full += '/';
    full += name;
    if (is_executable_file(full))
      return full;
  }
  return {};
}

} // namespace varve::toolbox
