#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "ops/commands.hpp"
#include "ops/files.hpp"
#include "ops/node.hpp"

namespace varve::ops {

namespace {

// Secrets are in this process's memory: it leaves no core files and cannot be
// traced by others. A host that pipes cores to a program heeds a limit of 1,
// not of 0, and 1 is too little for a file.
void protect_memory() {
  ::prctl(PR_SET_DUMPABLE, 0);
  rlimit none{1, 1};
  ::setrlimit(RLIMIT_CORE, &none);
}

void raise_descriptor_limit() {
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) == 0) {
    now.rlim_cur = now.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
}

// Signals are taken by sigwait; blocked before any thread exists.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t waited;
  sigemptyset(&waited);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
    sigaddset(&waited, signal);
  ::pthread_sigmask(SIG_BLOCK, &waited, nullptr);
  return waited;
}

result<void> prepare_data_dir(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  // A sandbox's root, who is nobody here, must pass through to its files.
  if (problem || ::chmod(path.c_str(), 0711) != 0)
    return failure(errc::io,
                   "cannot use " + path + ": "
                       + (problem ? problem.message() : std::strerror(errno)));
  for (auto* closed : {"/log", "/journal"}) {
    VARVE_CHECK(make_private_directory(path + closed));
  }
  return ok();
}

void set_level(const std::string& name) {
  if (name == "debug")
    set_log_level(level::debug);
  else if (name == "warning")
    set_log_level(level::warning);
  else if (name == "error")
    set_log_level(level::failure);
}

void warn_if_open(const options& chosen) {
  auto host = chosen.listen.substr(0, chosen.listen.rfind(':'));
  if (host != "127.0.0.1" && host != "[::1]" && host != "localhost"
      && chosen.tls_cert.empty())
    log_warning("serve", "listening on " + chosen.listen
                             + " without TLS: API keys travel in clear; use "
                               "--tls-cert and --tls-key or a proxy with TLS");
}

// The same command line in the same process: what the log holds is read anew.
result<void> start_again() {
  VARVE_TRY(auto text, read_file("/proc/self/cmdline"));
  std::vector<char*> words;
  for (std::size_t at = 0; at < text.size(); at = text.find('\0', at) + 1)
    words.push_back(text.data() + at);
  words.push_back(nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::execv("/proc/self/exe", words.data());
  return failure(errc::io,
                 std::string{"cannot start again: "} + std::strerror(errno));
}

} // namespace

// SIGUSR1 is the node's own way to say that it must start again.
result<void> serve(const options& chosen) {
  auto waited = block_signals();
  protect_memory();
  raise_descriptor_limit();
  set_level(chosen.log_level);
  ::umask(0022);
  VARVE_CHECK(prepare_data_dir(chosen.data_dir));
  warn_if_open(chosen);
  auto self = ::getpid();
  VARVE_TRY(auto running,
            node::start(chosen, [self] { ::kill(self, SIGUSR1); }));
  log_info("serve", "ready on port " + std::to_string(running->port()));
  int signal = 0;
  do
    ::sigwait(&waited, &signal);
  while (signal == SIGHUP);
  log_info("serve", signal == SIGUSR1 ? "starting again" : "ending");
  running.reset();
  return signal == SIGUSR1 ? start_again() : ok();
}

} // namespace varve::ops
