#include "runner/toolbox/lsp/language_server.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include "runner/toolbox/lsp/keeper.hpp"
#include "runner/toolbox/passed_descriptor.hpp"
#include "runner/toolbox/sessions/process_tree.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

} // namespace

void language_server::start() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail("no descriptors are left");
  channel_.assign(ends[0]);
  channel_.non_blocking(true);
  const auto& g = rt_.sandbox;
  auto pid = fork_as_user(g, {g.null_fd, g.null_fd, g.null_fd, ends[1]},
                          [&](const std::string& trouble) {
                            return keep_language_server(g, language_, project_,
                                                        trouble);
                          });
  ::close(ends[1]);
  if (!pid)
    return fail(pid.error().detail);
  pid_ = pid.value();
  rt_.children.watch(pid_,
                     [self = shared_from_this()](int) { self->on_exit(); });
  read_channel();
}

void language_server::fail(std::string why) {
  if (trouble_.empty())
    trouble_ = std::move(why);
  state_ = condition::ended;
  error_code ignored;
  channel_.close(ignored);
  changed.raise();
}

void language_server::read_channel() {
  channel_.async_wait(
      stream_descriptor::wait_read, [self = shared_from_this()](error_code ec) {
        if (ec)
          return;
        auto n = self->take_message();
        if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
          self->read_channel();
      });
}

ssize_t language_server::take_message() {
  char text[4 << 10];
  auto n = ::recv(channel_.native_handle(), text, sizeof text, MSG_DONTWAIT);
  if (n <= 0)
    return n;
  std::string_view message{text, static_cast<std::size_t>(n)};
  if (message != keeper_ready) {
    trouble_ = std::string{message};
  } else if (state_ == condition::starting) {
    state_ = condition::running;
    changed.raise();
  }
  return n;
}

// What the server has left behind goes too.
void language_server::on_exit() {
  while (channel_.is_open() && take_message() > 0) {
    // nop
  }
  fail("it was ended by the system");
  end_tree(
      rt_, pid_, std::chrono::seconds{0}, [] { return false; }, [] {});
}

bool language_server::hand_over(std::string_view packed, int answer) {
  return requests_ <= most_requests && channel_.is_open()
         && send_with_descriptor(channel_.native_handle(), packed, answer);
}

void language_server::end(std::function<void()> done) {
  if (pid_ < 0 || state_ == condition::ended)
    return done();
  if (trouble_.empty())
    trouble_ = "it was stopped";
  auto lives = [self = shared_from_this()] {
    return self->state_ != condition::ended;
  };
  end_tree(rt_, pid_, std::chrono::seconds{2}, lives, std::move(done));
}

std::shared_ptr<language_server>
language_server_table::find(const language& of,
                            const std::string& project) const {
  for (const auto& one : all_)
    if (&one->of() == &of && one->project() == project)
      return one;
  return nullptr;
}

outcome<std::shared_ptr<language_server>>
language_server_table::start(const language& of, const std::string& project) {
  std::erase_if(all_, [](const auto& one) {
    return one->state() == language_server::condition::ended;
  });
  if (all_.size() >= most_servers)
    return too_busy("too many language servers");
  auto made = std::make_shared<language_server>(rt_, of, project);
  all_.push_back(made);
  made->start();
  return made;
}

void language_server_table::forget(const language_server& which) {
  std::erase_if(all_, [&](const auto& one) { return &*one == &which; });
}

} // namespace varve::toolbox
