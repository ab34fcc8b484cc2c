#include "runner/toolbox/pty/terminal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events/base/clock.hpp"
#include "runner/toolbox/passed_descriptor.hpp"
#include "runner/toolbox/sessions/process_tree.hpp"
#include "runner/toolbox/shell.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr int reads_per_turn = 8; // so that one writer does not hold the loop
constexpr int reads_at_end = 256;
constexpr auto hold_time = std::chrono::milliseconds{10};

int tell(const std::string& what) {
  send_with_descriptor(child_channel, what, -1);
  return 126;
}

std::string failed(const std::string& what) {
  return what + ": " + errno_text(errno);
}

winsize size_of(unsigned columns, unsigned rows) {
  winsize out{};
  out.ws_col = static_cast<unsigned short>(columns);
  out.ws_row = static_cast<unsigned short>(rows);
  return out;
}

} // namespace

terminal::terminal(runtime& rt, log_space& space, terminal_options options)
    : followed_log{space, log_limit}, rt_{rt}, options_{std::move(options)},
      created_at_{to_iso8601(system_clock{}.now())}, report_{rt.io},
      master_{rt.io}, hold_{rt.io} {
  // nop
}

// The user opens the terminal, so that it is the user's; PID 1 gets the
// other side of it.
int terminal::child_main(const std::string& trouble) const {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (!trouble.empty())
    return tell(trouble);
  if (::chdir(options_.cwd.c_str()) != 0)
    return tell(failed("chdir " + options_.cwd));
  int master = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  int unlocked = 0;
  auto size = size_of(options_.columns, options_.rows);
  if (master < 0 || ::ioctl(master, TIOCSPTLCK, &unlocked) != 0
      || ::ioctl(master, TIOCSWINSZ, &size) != 0)
    return tell(failed("cannot open a terminal"));
  int slave = ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  if (slave < 0 || ::ioctl(slave, TIOCSCTTY, 0) != 0)
    return tell(failed("cannot open a terminal"));
  if (!send_with_descriptor(child_channel, {}, master))
    return 126;
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::dup2(slave, fd) < 0)
      return tell(failed("cannot set up descriptors"));
  ::close(slave);
  auto variables = options_.variables;
  variables.emplace(variables.begin(), "TERM", "xterm-256color");
  variables.emplace(variables.begin(), "PWD", options_.cwd);
  auto environment = with_variables(rt_.sandbox.environment, variables);
  auto shell = image_shell(environment);
  if (shell.empty())
    return tell("this image has no shell (no sh in PATH and no /bin/sh)");
  std::vector<std::string> arguments{shell, "-i", "-l"};
  execute_program(shell, arguments, environment);
  return tell(failed(shell));
}

void terminal::start() {
  state_ = condition::starting;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail("no descriptors are left");
  const auto& g = rt_.sandbox;
  auto pid = fork_as_user(
      g, {g.null_fd, g.null_fd, g.null_fd, ends[1]},
      [this](const std::string& trouble) { return child_main(trouble); });
  ::close(ends[1]);
  if (!pid) {
    ::close(ends[0]);
    return fail(pid.error().detail);
  }
  pid_ = pid.value();
  report_.assign(ends[0]);
  rt_.children.watch(
      pid_, [self = shared_from_this()](int status) { self->on_exit(status); });
  read_report();
}

void terminal::fail(const std::string& why) {
  trouble_ = why;
  state_ = condition::ended;
  changed.raise();
}

// The other side first; then why there is no shell, or the end.
void terminal::read_report() {
  report_.async_wait(
      stream_descriptor::wait_read, [self = shared_from_this()](error_code ec) {
        char text[1024];
        int fd = -1;
        auto n = ec ? -1
                    : receive_with_descriptor(self->report_.native_handle(),
                                              text, sizeof text, fd);
        if (fd >= 0 && !self->master_.is_open()) {
          self->master_.assign(fd);
          self->master_.non_blocking(true);
          return self->read_report();
        }
        self->report_.close();
        if (n > 0)
          self->trouble_.assign(text, static_cast<std::size_t>(n));
        if (self->state_ != condition::starting || n > 0
            || !self->master_.is_open())
          return; // its exit will be told
        self->state_ = condition::running;
        self->resize(self->options_.columns, self->options_.rows);
        self->changed.raise();
        self->read_more();
        self->send_input();
      });
}

void terminal::read_more() {
  if (!master_.is_open())
    return;
  if (is_held()) {
    hold_.expires_after(hold_time);
    hold_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec)
        self->read_more();
    });
    return;
  }
  master_.async_wait(stream_descriptor::wait_read,
                     [self = shared_from_this()](error_code ec) {
                       if (!ec && self->read_some(reads_per_turn))
                         self->read_more();
                     });
}

// False when there is nobody left who could write.
bool terminal::read_some(int most_reads) {
  static std::array<char, 16 << 10> buffer;
  bool any = false;
  bool open = master_.is_open();
  for (int i = 0; i < most_reads && open; ++i) {
    auto n = ::read(master_.native_handle(), buffer.data(), buffer.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      break;
    open = n > 0;
    if (n > 0)
      log.append(log_stream::out, {buffer.data(), static_cast<std::size_t>(n)});
    any = any || n > 0;
  }
  if (any)
    changed.raise();
  return open;
}

void terminal::on_exit(int status) {
  if (state_ == condition::starting) {
    char text[1024];
    int fd = -1;
    auto n =
        report_.is_open()
            ? receive_with_descriptor(report_.native_handle(), text, 1024, fd)
            : 0;
    if (n > 0)
      trouble_.assign(text, static_cast<std::size_t>(n));
    if (fd >= 0 && !master_.is_open()) {
      master_.assign(fd);
      master_.non_blocking(true);
    }
    if (trouble_.empty() && !master_.is_open())
      trouble_ = "its shell was ended by the system";
  }
  read_some(reads_at_end);
  exit_code_ =
      WIFSIGNALED(status) ? 128 + WTERMSIG(status) : exit_code_of(status);
  state_ = condition::ended;
  log.retire();
  error_code ignored;
  report_.close(ignored);
  hold_.cancel();
  master_.close(ignored);
  rt_.terminals->forget(*this);
  changed.raise();
}

bool terminal::is_at_work() const {
  if (state_ == condition::starting)
    return true;
  pid_t foreground = 0;
  auto& master = const_cast<stream_descriptor&>(master_);
  return state_ == condition::running
         && ::ioctl(master.native_handle(), TIOCGPGRP, &foreground) == 0
         && foreground != pid_;
}

bool terminal::give_input(std::string_view bytes) {
  if (state_ == condition::ended || unsent_.size() + bytes.size() > input_limit)
    return false;
  unsent_ += bytes;
  send_input();
  return true;
}

void terminal::send_input() {
  while (state_ == condition::running && !unsent_.empty() && !awaits_room_) {
    auto n = ::write(master_.native_handle(), unsent_.data(), unsent_.size());
    if (n > 0)
      unsent_.erase(0, static_cast<std::size_t>(n));
    else if (errno == EAGAIN)
      awaits_room_ = true;
    else if (errno != EINTR)
      return;
  }
  if (!awaits_room_)
    return;
  master_.async_wait(stream_descriptor::wait_write,
                     [self = shared_from_this()](error_code ec) {
                       self->awaits_room_ = false;
                       if (!ec)
                         self->send_input();
                     });
}

void terminal::resize(unsigned columns, unsigned rows) {
  options_.columns = columns;
  options_.rows = rows;
  auto size = size_of(columns, rows);
  if (master_.is_open())
    ::ioctl(master_.native_handle(), TIOCSWINSZ, &size);
}

void terminal::end(std::function<void()> done) {
  if (pid_ < 0) {
    exit_code_ = 128 + SIGKILL;
    state_ = condition::ended;
    changed.raise();
    return done();
  }
  auto lives = [self = shared_from_this()] {
    return self->state_ != condition::ended;
  };
  end_tree(rt_, pid_, std::chrono::seconds{0}, lives, std::move(done));
}

void terminal::hang_up() const {
  if (pid_ > 0 && state_ != condition::ended)
    ::kill(-pid_, SIGHUP);
}

outcome<std::shared_ptr<terminal>>
terminal_table::create(terminal_options options) {
  if (find(options.id))
    return problem{409, "CONFLICT",
                   "PTY session with ID '" + options.id + "' already exists"};
  if (all_.size() >= most_terminals)
    return too_busy("too many PTY sessions");
  auto made = std::make_shared<terminal>(rt_, space_, std::move(options));
  all_.push_back(made);
  return made;
}

std::shared_ptr<terminal> terminal_table::find(std::string_view id) const {
  for (const auto& one : all_)
    if (one->options().id == id)
      return one;
  return nullptr;
}

void terminal_table::forget(const terminal& which) {
  std::erase_if(all_, [&](const auto& one) { return &*one == &which; });
}

void terminal_table::hang_up() const {
  for (const auto& one : all_)
    one->hang_up();
}

} // namespace varve::toolbox
