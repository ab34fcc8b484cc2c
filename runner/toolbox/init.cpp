#include "runner/toolbox/init.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "runner/toolbox/claim.hpp"
#include "runner/toolbox/command_run.hpp"
#include "runner/toolbox/command_table.hpp"
#include "runner/toolbox/interpreter/context_table.hpp"
#include "runner/toolbox/lockdown.hpp"
#include "runner/toolbox/lsp/language_server.hpp"
#include "runner/toolbox/problem.hpp"
#include "runner/toolbox/pty/terminal.hpp"
#include "runner/toolbox/server.hpp"
#include "runner/toolbox/sessions/session_table.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

using boost::system::error_code;

constexpr std::size_t memory_limit = 64 << 20;
constexpr unsigned most_connections = 1024;
// Per request: the connection, a pipe and a report, or an errand's socket.
constexpr unsigned descriptors_per_request = 4;
// Pipes of what outlives its command, of sessions and of interpreters.
constexpr unsigned descriptors_reserved = 940;
constexpr auto flush_step = std::chrono::milliseconds{10};
constexpr unsigned flush_steps = 200;

bool parse_fd(std::string_view text, int& out) {
  auto end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, out);
  return ec == std::errc{} && rest == end && out >= 0;
}

bool parse_fds(std::string_view text, std::vector<int>& out) {
  while (!text.empty()) {
    auto one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (!parse_fd(one, out.emplace_back()))
      return false;
  }
  return true;
}

bool take_option(std::string_view name, std::string_view value,
                 init_options& out) {
  if (name == "--socket-fd")
    return parse_fd(value, out.socket_fd);
  if (name == "--config-fd")
    return parse_fd(value, out.config_fd);
  if (name == "--seccomp-fd")
    return parse_fd(value, out.seccomp_fd);
  if (name == "--cgroup-fds")
    return parse_fds(value, out.cgroup_fds);
  out.listen = std::string{value};
  return name == "--listen" && !value.empty();
}

// Any of them missing is an error of the runner's and ends the start.
result<void> keep_from_children(const init_options& options) {
  auto all = options.cgroup_fds;
  for (int fd : {options.socket_fd, options.config_fd, options.seccomp_fd})
    if (fd >= 0)
      all.push_back(fd);
  for (int fd : all)
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
      return varve::failure(errc::io, "descriptor " + std::to_string(fd) + ": "
                                          + errno_text(errno));
  return ok();
}

// False when there is nothing: it waits to be claimed.
result<bool> load_config(int fd, guest_config& out) {
  if (fd < 0)
    return true;
  auto text = read_config(fd);
  ::close(fd);
  VARVE_TRY(auto json, std::move(text));
  if (json.empty())
    return false;
  VARVE_TRY(out, parse_guest_config(json));
  return true;
}

// Opened before any guest code runs, which could replace it.
int open_null() {
  int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  struct stat st {};
  if (fd >= 0 && ::fstat(fd, &st) == 0 && S_ISCHR(st.st_mode))
    return fd;
  if (fd >= 0)
    ::close(fd);
  // An image without /dev: a pipe that nobody writes to is as empty.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return -1;
  ::close(ends[1]);
  return ends[0];
}

void raise_file_limit(rlimit& before) {
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto wanted = before;
  wanted.rlim_cur = std::min<rlim_t>(before.rlim_max, 65536);
  ::setrlimit(RLIMIT_NOFILE, &wanted);
}

result<std::vector<int>> lifted(const std::vector<int>& fds) {
  std::vector<int> out;
  for (int fd : fds) {
    out.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, first_free_fd));
    ::close(fd);
    if (out.back() < 0)
      return varve::failure(errc::io, "descriptor " + std::to_string(fd) + ": "
                                          + errno_text(errno));
  }
  return out;
}

result<guest> make_guest(const init_options& options) {
  guest g;
  VARVE_TRY(auto is_somebodys, load_config(options.config_fd, g.config));
  if (is_somebodys)
    take_identity(g);
  VARVE_TRY(g.cgroups, lifted(options.cgroup_fds));
  g.null_fd = open_null();
  raise_file_limit(g.files);
  return g;
}

result<void> lock_down(const init_options& options, const guest& g) {
  const auto& name = g.config.hostname;
  if (!name.empty() && ::sethostname(name.data(), name.size()) != 0)
    log_warning("toolbox", "the host name cannot be set: " + errno_text(errno));
  if (options.seccomp_fd >= 0) {
    VARVE_CHECK(install_filter(options.seccomp_fd));
    ::close(options.seccomp_fd);
  }
  VARVE_CHECK(drop_capabilities());
  // Nothing in the sandbox may read this process's memory or environment.
  ::prctl(PR_SET_DUMPABLE, 0);
  return ok();
}

server_limits limits_for_descriptors() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  auto spare = files.rlim_cur > descriptors_reserved
                   ? files.rlim_cur - descriptors_reserved
                   : descriptors_per_request;
  server_limits out;
  out.connections = static_cast<unsigned>(
      std::min<rlim_t>(most_connections, spare / descriptors_per_request));
  return out;
}

// Everything that runs once the process is locked down.
class daemon {
 public:
  explicit daemon(guest& g)
      : guest_{g}, rt_{io_, guest_, children_, memory_},
        sessions_{rt_, session_memory_}, terminals_{rt_, session_memory_.logs},
        languages_{rt_}, contexts_{rt_}, server_{rt_, limits_for_descriptors()},
        child_ended_{io_, SIGCHLD},
        asked_to_end_{io_, SIGTERM, SIGINT}, flush_{io_} {
    rt_.sessions = &sessions_;
    rt_.terminals = &terminals_;
    rt_.languages = &languages_;
    rt_.contexts = &contexts_;
    rt_.commands = &commands_;
  }

  int run(const init_options& options) {
    auto listening = options.socket_fd >= 0
                         ? server_.listen_on(options.socket_fd)
                         : server_.listen_at(options.listen);
    if (!listening) {
      log_failure("toolbox", listening.error().detail);
      return 1;
    }
    collect_on_signal();
    asked_to_end_.async_wait([this](error_code ec, int) {
      if (!ec)
        end();
    });
    if (!is_unclaimed(guest_))
      sessions_.start_entrypoint();
    io_.run();
    return 0;
  }

 private:
  void collect_on_signal() {
    child_ended_.async_wait([this](error_code ec, int) {
      if (ec)
        return;
      children_.collect();
      if (rt_.is_ending && !children_.has_children())
        return stop_soon();
      collect_on_signal();
    });
  }

  void end() {
    rt_.is_ending = true;
    server_.stop_accepting();
    terminals_.hang_up();
    if (::getpid() == 1)
      ::kill(-1, SIGTERM);
    else
      for (auto pid : children_.watched())
        ::kill(-pid, SIGTERM);
    children_.collect();
    if (!children_.has_children())
      stop_soon();
  }

  // The last commands' callers still get their answers.
  void stop_soon() {
    if (server_.busy() == 0 || flushed_++ >= flush_steps)
      return io_.stop();
    flush_.expires_after(flush_step);
    flush_.async_wait([this](error_code) { stop_soon(); });
  }

  guest& guest_;
  // Handlers that are still waiting go with `io_`, and hold shares of these.
  memory_budget memory_{memory_limit};
  session_memory session_memory_;
  command_table commands_;
  boost::asio::io_context io_{1};
  reaper children_;
  runtime rt_;
  session_table sessions_;
  terminal_table terminals_;
  language_server_table languages_;
  context_table contexts_;
  server server_;
  boost::asio::signal_set child_ended_;
  boost::asio::signal_set asked_to_end_;
  boost::asio::steady_timer flush_;
  unsigned flushed_ = 0;
};

} // namespace

result<init_options> parse_init_options(const std::vector<std::string>& args) {
  init_options out;
  for (std::string_view arg : args) {
    auto equals = arg.find('=');
    if (equals == std::string_view::npos
        || !take_option(arg.substr(0, equals), arg.substr(equals + 1), out))
      return varve::failure(errc::invalid, "bad option: " + std::string{arg});
  }
  if ((out.socket_fd < 0) == out.listen.empty())
    return varve::failure(errc::invalid,
                          "give either --socket-fd=N or --listen=PATH");
  return out;
}

int run_init(const init_options& options) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::umask(022);
  // By hand, as another PID, orphans come here too.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  auto kept = keep_from_children(options);
  auto g = kept ? make_guest(options) : kept.error();
  auto locked = g ? lock_down(options, g.value()) : g.error();
  if (!locked) {
    log_failure("toolbox", locked.error().detail);
    return 1;
  }
  return daemon{g.value()}.run(options);
}

} // namespace varve::toolbox
