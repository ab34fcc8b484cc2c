#include "tests/gateway/raw_client.hpp"

#include <cctype>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

namespace varve::test {

namespace {

void limit_waits(int fd) {
  timeval limit{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

std::string lowered(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

} // namespace

boost::json::object raw_answer::json() const {
  return boost::json::parse(body).as_object();
}

std::string raw_answer::text(std::string_view member) const {
  auto all = json();
  const auto* found = all.if_contains({member.data(), member.size()});
  if (!found || !found->is_string())
    return {};
  return {found->get_string().data(), found->get_string().size()};
}

raw_client::raw_client(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  limit_waits(fd_);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error{std::string{"connect: "} + std::strerror(errno)};
}

raw_client::raw_client(const std::string& unix_path) {
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  limit_waits(fd_);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, unix_path.c_str(), sizeof to.sun_path - 1);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error{std::string{"connect: "} + std::strerror(errno)};
}

raw_client::~raw_client() {
  ::close(fd_);
}

bool raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool raw_client::fill() {
  char part[16 * 1024];
  auto n = ::recv(fd_, part, sizeof part, 0);
  if (n <= 0)
    return false;
  buffer_.append(part, static_cast<std::size_t>(n));
  return true;
}

std::string raw_client::read_exactly(std::size_t n) {
  while (buffer_.size() < n && fill()) {
    // goes on until there is enough or no more
  }
  auto out = buffer_.substr(0, n);
  buffer_.erase(0, out.size());
  return out;
}

std::string raw_client::take_line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos)
    if (!fill())
      return {};
  auto line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

void raw_client::read_chunks(raw_answer& into) {
  for (;;) {
    auto line = take_line();
    if (line.empty())
      return;
    auto size = std::stoul(line, nullptr, 16);
    auto part = read_exactly(size);
    into.body += part;
    if (part.size() < size)
      return;
    take_line();
    if (size == 0) {
      into.is_whole = true;
      return;
    }
  }
}

raw_answer raw_client::read_answer(bool bodiless) {
  raw_answer out;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill())
      return out;
  out.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  out.status = static_cast<unsigned>(std::stoul(out.head.substr(9, 3)));
  auto at = out.head.find("\r\n") + 2;
  while (at < out.head.size()) {
    auto line_end = out.head.find("\r\n", at);
    auto colon = out.head.find(": ", at);
    out.headers[lowered(out.head.substr(at, colon - at))] =
        out.head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  if (bodiless || out.status == 204 || out.status == 304
      || out.status / 100 == 1) {
    out.is_whole = true;
  } else if (out.headers.contains("transfer-encoding")) {
    read_chunks(out);
  } else if (out.headers.contains("content-length")) {
    auto size = std::stoul(out.headers["content-length"]);
    out.body = read_exactly(size);
    out.is_whole = out.body.size() == size;
  } else {
    while (fill()) {
      // until the end of the stream
    }
    out.body.swap(buffer_);
    out.is_whole = true;
  }
  return out;
}

bool raw_client::is_closed_within(std::chrono::milliseconds limit) {
  pollfd waits{fd_, POLLIN, 0};
  if (!buffer_.empty()
      || ::poll(&waits, 1, static_cast<int>(limit.count())) != 1)
    return false;
  char byte = 0;
  return ::recv(fd_, &byte, 1, 0) <= 0;
}

void raw_client::shut_writing() {
  ::shutdown(fd_, SHUT_WR);
}

std::string request_text(std::string_view method, std::string_view target,
                         std::string_view key, std::string_view body,
                         const std::vector<std::string>& more_fields) {
  std::string out{method};
  out += ' ';
  out += target;
  out += " HTTP/1.1\r\nHost: localhost:3986\r\n";
  if (!key.empty())
    out += "Authorization: Bearer " + std::string{key} + "\r\n";
  for (const auto& f : more_fields)
    out += f + "\r\n";
  if (!body.empty())
    out += "Content-Type: application/json\r\nContent-Length: "
           + std::to_string(body.size()) + "\r\n";
  out += "\r\n";
  out += body;
  return out;
}

} // namespace varve::test
