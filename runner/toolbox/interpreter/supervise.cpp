#include "runner/toolbox/interpreter/supervise.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/toolbox/interpreter/python_scripts.hpp"
#include "runner/toolbox/memory_text.hpp"
#include "runner/toolbox/problem.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

int tell(const std::string& what) {
  write_all(supervisor_report_fd, "!" + what + "\n");
  return 127;
}

int become_python(const guest& g, const std::string& cwd) {
  if (::chdir(cwd.c_str()) != 0)
    return tell("chdir " + cwd + ": " + errno_text(errno));
  std::vector<name_value> pwd{{"PWD", cwd}};
  auto environment = with_variables(g.environment, pwd);
  auto program = find_python(variable(environment, "PATH"));
  if (program.empty())
    return tell("this image has no python3, which the code interpreter needs");
  if (!place_script(worker_script)
      || ::fcntl(worker_channel_fd, F_SETFD, 0) != 0)
    return tell("cannot hold the script: " + errno_text(errno));
  return tell(
      program + ": "
      + errno_text(execute_program(program, script_arguments(), environment)));
}

std::string ending(int status) {
  return WIFSIGNALED(status)
             ? "was ended by signal " + std::to_string(WTERMSIG(status))
             : "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

void collect(pid_t python) {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (pid == python)
      write_all(supervisor_report_fd, ending(status) + "\n");
}

} // namespace

int supervise(const guest& g, const std::string& cwd,
              const std::string& trouble) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (!trouble.empty())
    return tell(trouble);
  sigset_t handled;
  sigset_t before;
  ::sigemptyset(&handled);
  ::sigaddset(&handled, SIGCHLD);
  ::sigaddset(&handled, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &handled, &before);
  auto python = ::fork();
  if (python < 0)
    return tell("cannot start a process: " + errno_text(errno));
  if (python == 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return become_python(g, cwd);
  }
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN); // nobody may want the report
  // The pipes end with those who write to them.
  ::close(worker_channel_fd);
  ::dup2(STDIN_FILENO, STDOUT_FILENO);
  ::dup2(STDIN_FILENO, STDERR_FILENO);
  for (;;) {
    collect(python);
    if (::sigwaitinfo(&handled, nullptr) == SIGUSR1)
      ::kill(python, SIGINT);
  }
}

} // namespace varve::toolbox
