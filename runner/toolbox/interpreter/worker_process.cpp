#include "runner/toolbox/interpreter/worker_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/toolbox/interpreter/supervise.hpp"
#include "runner/toolbox/pipe_ends.hpp"
#include "runner/toolbox/sessions/process_tree.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr int reads_per_turn = 4; // so that one writer does not hold the loop
constexpr int reads_at_end = 16;
constexpr auto hold_time = std::chrono::milliseconds{10};
constexpr auto unseen_time = std::chrono::seconds{0};

// What a read has brought; one thread, so one buffer does for all.
std::array<char, 16 << 10> buffer;

// What the supervisor said first.
std::string first_line(ssize_t size) {
  std::string_view text{buffer.data(), static_cast<std::size_t>(size)};
  return std::string{text.substr(0, text.find('\n'))};
}

// Bytes; 0 at the end, -1 when there are none yet.
ssize_t read_some(stream_descriptor& from) {
  if (!from.is_open())
    return -1;
  auto n = ::read(from.native_handle(), buffer.data(), buffer.size());
  return n < 0 && errno != EAGAIN && errno != EINTR ? 0 : n;
}

} // namespace

worker_process::worker_process(runtime& rt, owner& of)
    : rt_{rt}, owner_{&of}, out_{rt.io}, err_{rt.io}, channel_{rt.io},
      report_{rt.io}, hold_{rt.io} {
  // nop
}

bool worker_process::open(source& at, int fd) {
  error_code ec;
  at.pipe.assign(fd, ec);
  if (!ec)
    at.pipe.non_blocking(true, ec);
  return !ec;
}

void worker_process::start(const std::string& cwd) {
  pipe_ends out;
  pipe_ends err;
  pipe_ends report;
  pipe_ends channel; // both ends read and write
  int ends[2];
  bool ok = out.open() && err.open() && report.open()
            && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0;
  std::string trouble = "no descriptors are left";
  if (ok) {
    channel.read = ends[0];
    channel.write = ends[1];
    const auto& g = rt_.sandbox;
    child_files files{g.null_fd, out.write, err.write, report.write,
                      channel.write};
    auto pid = fork_as_user(g, files, [&](const std::string& why) {
      return supervise(g, cwd, why);
    });
    ok = static_cast<bool>(pid);
    trouble = ok ? "" : pid.error().detail;
    pid_ = ok ? pid.value() : -1;
  }
  if (!ok) {
    auto tell = [self = shared_from_this(), trouble] {
      self->tell_end(trouble);
    };
    return boost::asio::post(rt_.io, std::move(tell));
  }
  rt_.children.watch(pid_,
                     [self = shared_from_this()](int) { self->on_exit(); });
  open(out_, out.release_read());
  open(err_, err.release_read());
  open(channel_, channel.release_read());
  open(report_, report.release_read());
  for (auto* one : {&out_, &err_, &channel_})
    read_more(*one);
  read_report();
}

void worker_process::read_more(source& from) {
  if (owner_ == nullptr || !from.pipe.is_open() || from.is_awaited)
    return;
  if (owner_->is_held())
    return wait_for_room();
  from.is_awaited = true;
  from.pipe.async_wait(stream_descriptor::wait_read,
                       [self = shared_from_this(), &from](error_code ec) {
                         from.is_awaited = false;
                         if (!ec)
                           self->on_readable(from);
                       });
}

void worker_process::wait_for_room() {
  if (std::exchange(is_holding_, true))
    return;
  hold_.expires_after(hold_time);
  hold_.async_wait([self = shared_from_this()](error_code ec) {
    self->is_holding_ = false;
    if (ec)
      return;
    for (auto* one : {&self->out_, &self->err_, &self->channel_})
      self->read_more(*one);
  });
}

void worker_process::on_readable(source& from) {
  if (&from == &channel_)
    read_messages(reads_per_turn);
  else
    read_output(from, reads_per_turn);
  read_more(from);
}

void worker_process::read_output(source& from, int most_reads) {
  auto which = &from == &err_ ? log_stream::err : log_stream::out;
  for (int i = 0; i < most_reads && owner_ != nullptr; ++i) {
    auto n = read_some(from.pipe);
    if (n == 0)
      from.pipe.close();
    if (n <= 0)
      return;
    owner_->on_output(which, {buffer.data(), static_cast<std::size_t>(n)});
  }
}

void worker_process::read_messages(int most_reads) {
  for (int i = 0; i < most_reads && owner_ != nullptr; ++i) {
    auto n = read_some(channel_.pipe);
    if (n == 0)
      channel_.pipe.close(); // its end will be reported
    if (n <= 0)
      return;
    std::string bytes{buffer.data(), static_cast<std::size_t>(n)};
    take_messages(bytes);
  }
}

void worker_process::take_messages(std::string_view bytes) {
  while (!bytes.empty() && owner_ != nullptr) {
    auto part = bytes.substr(0, bytes.find('\n'));
    bool whole = part.size() < bytes.size();
    bytes.remove_prefix(part.size() + (whole ? 1 : 0));
    if (!line_share_)
      line_share_.emplace(rt_.memory);
    is_line_lost_ = is_line_lost_ || line_.size() + part.size() > line_limit
                    || !line_share_->take(part.size());
    if (is_line_lost_)
      line_.clear();
    else
      line_ += part;
    if (!whole)
      continue;
    auto line = std::exchange(line_, {});
    if (std::exchange(is_line_lost_, false))
      line = "lost";
    // What was written before it is in the pipes already.
    read_output(out_, reads_at_end);
    read_output(err_, reads_at_end);
    if (owner_ != nullptr)
      owner_->on_message(line);
    line_share_.reset();
  }
}

void worker_process::read_report() {
  report_.pipe.async_wait(stream_descriptor::wait_read,
                          [self = shared_from_this()](error_code ec) {
                            if (ec)
                              return;
                            auto n = read_some(self->report_.pipe);
                            if (n < 0)
                              return self->read_report();
                            auto why = first_line(n);
                            self->report_.pipe.close();
                            if (n == 0)
                              return; // the exit will be told
                            self->drain();
                            self->tell_end(why);
                          });
}

void worker_process::drain() {
  read_output(out_, reads_at_end);
  read_output(err_, reads_at_end);
  read_messages(reads_at_end);
}

void worker_process::on_exit() {
  has_exited_ = true;
  if (owner_ == nullptr)
    return;
  auto n = read_some(report_.pipe);
  std::string why = n > 0 ? first_line(n) : "was ended with its supervisor";
  drain();
  tell_end(why);
}

void worker_process::tell_end(const std::string& why) {
  if (owner_ == nullptr)
    return;
  auto* hears = owner_;
  leave(unseen_time, [] {});
  hears->on_end(why);
}

void worker_process::send(std::string line) {
  requests_ += line;
  write_requests();
}

void worker_process::write_requests() {
  while (channel_.pipe.is_open() && !requests_.empty()
         && !awaits_channel_room_) {
    auto n = ::send(channel_.pipe.native_handle(), requests_.data(),
                    requests_.size(), MSG_NOSIGNAL);
    if (n > 0)
      requests_.erase(0, static_cast<std::size_t>(n));
    else if (errno == EAGAIN)
      awaits_channel_room_ = true;
    else if (errno != EINTR)
      return; // its end will be told
  }
  if (!awaits_channel_room_)
    return;
  channel_.pipe.async_wait(stream_descriptor::wait_write,
                           [self = shared_from_this()](error_code ec) {
                             self->awaits_channel_room_ = false;
                             if (!ec)
                               self->write_requests();
                           });
}

void worker_process::interrupt(bool whole_group) const {
  if (pid_ <= 0 || has_exited_)
    return;
  if (whole_group)
    ::kill(-pid_, SIGINT);
  else
    ::kill(pid_, SIGUSR1);
}

void worker_process::leave(std::chrono::seconds grace,
                           std::function<void()> done) {
  owner_ = nullptr;
  close_all();
  if (pid_ <= 0)
    return done();
  auto lives = [self = shared_from_this()] { return !self->has_exited_; };
  end_tree(rt_, pid_, grace, lives, std::move(done));
}

void worker_process::close_all() {
  error_code ignored;
  hold_.cancel();
  for (auto* one : {&out_, &err_, &channel_, &report_})
    one->pipe.close(ignored);
}

} // namespace varve::toolbox
