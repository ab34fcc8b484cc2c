// The other end of a proxied connection: what a test lets a toolbox say.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace varve::test {

// Owns the descriptor; every wait ends after 10 s.
class toolbox_side {
 public:
  explicit toolbox_side(int fd) : fd_(fd) {
    timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  ~toolbox_side() {
    ::close(fd_);
  }
  toolbox_side(const toolbox_side&) = delete;
  toolbox_side& operator=(const toolbox_side&) = delete;

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // Through the empty line; less when the stream ends before.
  std::string read_head() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!fill())
        return take(buffer_.size());
    return take(end + 4);
  }

  std::string read_exactly(std::size_t n) {
    while (buffer_.size() < n && fill()) {
      // goes on until there is enough or no more
    }
    return take(std::min(n, buffer_.size()));
  }

  // Everything to the end of the stream.
  std::string read_rest() {
    while (fill()) {
      // goes on to the end
    }
    return take(buffer_.size());
  }

  // Some bytes; empty at the end of the stream.
  std::string read_some() {
    if (buffer_.empty())
      fill();
    return take(buffer_.size());
  }

 private:
  bool fill() {
    char part[16 * 1024];
    auto n = ::recv(fd_, part, sizeof part, 0);
    if (n <= 0)
      return false;
    buffer_.append(part, static_cast<std::size_t>(n));
    return true;
  }

  std::string take(std::size_t n) {
    auto out = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return out;
  }

  int fd_;
  std::string buffer_;
};

} // namespace varve::test
