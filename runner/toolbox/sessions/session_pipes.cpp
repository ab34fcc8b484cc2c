// A session's process and the pipes between it and PID 1.
#include <array>
#include <cerrno>

#include "runner/toolbox/pipe_ends.hpp"
#include "runner/toolbox/sessions/session.hpp"

namespace varve::toolbox {

namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr int reads_per_turn = 8; // so that one writer does not hold the loop
constexpr int reads_at_end = 128;
constexpr auto hold_time = std::chrono::milliseconds{10};
constexpr std::size_t status_line_limit = 4096;
constexpr std::size_t script_pipe_size = 1 << 20;

void adopt(stream_descriptor& pipe, int fd) {
  pipe.assign(fd);
  pipe.non_blocking(true);
}

// A descriptor of its own: that of the commands must keep blocking.
int reopened(int fd) {
  auto path = "/proc/self/fd/" + std::to_string(fd);
  return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

} // namespace

session::session(runtime& rt, session_memory& memory, std::string id)
    : rt_{rt}, memory_{memory}, id_{std::move(id)},
      out_{rt.io, log_stream::out}, err_{rt.io, log_stream::err},
      script_{rt.io}, status_{rt.io}, input_{rt.io}, hold_{rt.io} {
  // nop
}

session::~session() {
  if (unread_input_ >= 0)
    ::close(unread_input_);
}

bool session::launch(bool with_script, const child_body& body) {
  pipe_ends out, err, script, status, input;
  bool opened =
      out.open() && err.open()
      && (!with_script || (script.open() && status.open() && input.open()));
  if (!opened) {
    fail("no descriptors are left");
    return false;
  }
  const auto& g = rt_.sandbox;
  child_files files{g.null_fd, out.write, err.write};
  if (with_script)
    files = {script.read,  out.write,  err.write,
             status.write, input.read, g.null_fd};
  auto pid = fork_as_user(g, files, body);
  if (!pid) {
    fail(pid.error().detail);
    return false;
  }
  pid_ = pid.value();
  rt_.children.watch(
      pid_, [self = shared_from_this()](int how) { self->on_exit(how); });
  adopt(out_.pipe, out.release_read());
  adopt(err_.pipe, err.release_read());
  read_more(out_);
  read_more(err_);
  if (with_script) {
    ::fcntl(script.write, F_SETPIPE_SZ, script_pipe_size);
    unread_input_ = reopened(input.read);
    adopt(script_, script.release_write());
    adopt(status_, status.release_read());
    adopt(input_, input.release_write());
    read_status();
  }
  return true;
}

void session::send_script(std::string text) {
  script_text_ += text;
  while (!script_text_.empty()) {
    auto n = ::write(script_.native_handle(), script_text_.data(),
                     script_text_.size());
    if (n < 0 && errno == EAGAIN) {
      script_.async_wait(stream_descriptor::wait_write,
                         [self = shared_from_this()](error_code ec) {
                           if (!ec)
                             self->send_script({});
                         });
      return;
    }
    if (n < 0 && errno != EINTR)
      break; // its exit will be told
    if (n > 0)
      script_text_.erase(0, static_cast<std::size_t>(n));
  }
  script_text_ = {};
}

void session::read_status() {
  status_.async_wait(
      stream_descriptor::wait_read, [self = shared_from_this()](error_code ec) {
        char text[512];
        auto n = ec ? 0 : ::read(self->status_.native_handle(), text, 512);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
          return self->read_status();
        if (n <= 0)
          return;
        self->status_text_.append(text, static_cast<std::size_t>(n));
        auto& all = self->status_text_;
        for (auto end = all.find('\n'); end != std::string::npos;
             end = all.find('\n')) {
          self->take_status_line(all.substr(0, end));
          all.erase(0, end + 1);
        }
        if (all.size() < status_line_limit && self->status_.is_open())
          self->read_status();
      });
}

void session::take_status_line(std::string_view line) {
  if (line.starts_with('!')) {
    trouble_ = std::string{line.substr(1)};
    return;
  }
  if (state_ == condition::starting) {
    kind_ = line == "zsh" ? shell_kind::zsh : shell_kind::posix;
    state_ = condition::running;
    changed_.raise();
  } else if (state_ == condition::running) {
    // What the command wrote is in the pipes already.
    drain();
    finish_current(std::atoi(std::string{line}.c_str()) & 255);
  }
  run_next();
}

void session::read_more(stream& from) {
  if (!from.pipe.is_open())
    return;
  if (latest_ && latest_->is_held()) {
    hold_.expires_after(hold_time);
    // Both streams are looked at: waiting for one anew cancels the other.
    hold_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec)
        for (auto* one : {&self->out_, &self->err_})
          self->read_more(*one);
    });
    return;
  }
  from.pipe.cancel();
  from.pipe.async_wait(stream_descriptor::wait_read,
                       [self = shared_from_this(), &from](error_code ec) {
                         if (ec)
                           return;
                         self->read_some(from, reads_per_turn);
                         self->read_more(from);
                       });
}

void session::read_some(stream& from, int most_reads) {
  static std::array<char, 64 << 10> buffer;
  bool any = false;
  for (int i = 0; i < most_reads && from.pipe.is_open(); ++i) {
    auto n = ::read(from.pipe.native_handle(), buffer.data(), buffer.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      break;
    if (n <= 0)
      from.pipe.close();
    else
      keep(from, {buffer.data(), static_cast<std::size_t>(n)});
    any = true;
  }
  if (any && latest_)
    latest_->changed.raise();
}

void session::keep(stream& from, std::string_view bytes) {
  if (!latest_)
    return;
  if (!from.unfinished.empty()) {
    // At most a few bytes: completed with as many as it takes.
    auto more = std::min<std::size_t>(4, bytes.size());
    from.unfinished.append(bytes.substr(0, more));
    bytes.remove_prefix(more);
    auto whole = whole_characters(from.unfinished);
    latest_->log.append(from.which, from.unfinished.substr(0, whole));
    from.unfinished.erase(0, whole);
    if (!from.unfinished.empty() && !bytes.empty()) {
      auto text = std::exchange(from.unfinished, {}) + std::string{bytes};
      return keep(from, text);
    }
  }
  auto whole = whole_characters(bytes);
  latest_->log.append(from.which, bytes.substr(0, whole));
  from.unfinished += bytes.substr(whole);
}

void session::drain() {
  for (auto* from : {&out_, &err_})
    read_some(*from, reads_at_end);
}

void session::send_input() {
  while (current_ && input_.is_open() && !current_->unsent.empty()
         && !awaits_input_room_) {
    auto& data = current_->unsent;
    auto n = ::write(input_.native_handle(), data.data(), data.size());
    if (n > 0)
      data.erase(0, static_cast<std::size_t>(n));
    else if (errno == EAGAIN)
      awaits_input_room_ = true;
    else if (errno != EINTR)
      return;
  }
  if (!awaits_input_room_)
    return;
  input_.async_wait(stream_descriptor::wait_write,
                    [self = shared_from_this()](error_code ec) {
                      self->awaits_input_room_ = false;
                      if (!ec)
                        self->send_input();
                    });
}

// What one command has not read is not for the next.
void session::discard_input() {
  std::array<char, 4096> nowhere;
  while (unread_input_ >= 0
         && ::read(unread_input_, nowhere.data(), nowhere.size()) > 0) {
    // nop
  }
}

void session::close_all() {
  hold_.cancel();
  finish_current(-1);
  for (auto* pipe : {&out_.pipe, &err_.pipe, &script_, &status_, &input_})
    pipe->close();
}

} // namespace varve::toolbox
