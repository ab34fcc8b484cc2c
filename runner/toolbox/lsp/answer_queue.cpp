#include "runner/toolbox/lsp/answer_queue.hpp"

#include <cerrno>
#include <cstdint>

#include <sys/socket.h>
#include <unistd.h>

namespace varve::toolbox {

answer_queue::~answer_queue() {
  for (const auto& one : waiting_)
    ::close(one.fd);
}

void answer_queue::add(int fd, const response& what, bool keep_alive) {
  auto text = response_head(what.status, what.content_type, what.headers,
                            what.body.size(), keep_alive)
              + what.body;
  std::uint64_t size = text.size();
  text.insert(0, reinterpret_cast<const char*>(&size), sizeof size);
  waiting_.push_back({fd, std::move(text)});
  serve();
}

void answer_queue::add_to(std::vector<pollfd>& polls) const {
  for (const auto& one : waiting_)
    polls.push_back({one.fd, POLLOUT, 0});
}

void answer_queue::serve() {
  for (auto one = waiting_.begin(); one != waiting_.end();) {
    if (write_some(*one)) {
      ++one;
      continue;
    }
    ::close(one->fd);
    one = waiting_.erase(one);
  }
}

void answer_queue::finish(std::chrono::milliseconds limit) {
  using std::chrono::steady_clock;
  auto until = steady_clock::now() + limit;
  while (!waiting_.empty() && steady_clock::now() < until) {
    std::vector<pollfd> polls;
    add_to(polls);
    ::poll(polls.data(), polls.size(), 100);
    serve();
  }
}

bool answer_queue::write_some(answer& one) {
  while (one.at < one.text.size()) {
    auto n = ::send(one.fd, one.text.data() + one.at, one.text.size() - one.at,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno == EAGAIN;
    one.at += static_cast<std::size_t>(n);
  }
  return false;
}

} // namespace varve::toolbox
