#include "ops/admin_client.hpp"

#include <chrono>
#include <cstring>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>

namespace varve::ops {

namespace {

// One request, one answer, then the end of the stream: HTTP/1.0 is enough.
std::string request_text(const std::string& method, const std::string& path,
                         const std::string& body) {
  std::string out = method + ' ' + path + " HTTP/1.0\r\nHost: varve\r\n";
  if (!body.empty())
    out += "Content-Type: application/json\r\nContent-Length: "
           + std::to_string(body.size()) + "\r\n";
  return out + "Connection: close\r\n\r\n" + body;
}

result<int> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return failure(errc::invalid, "socket path is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return failure(errc::io, std::strerror(errno));
  timeval patience{120, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address)
      != 0) {
    ::close(fd);
    return failure(errc::runner_unavailable,
                   "no server answers at " + path
                       + "; start it with ops/up or varve serve");
  }
  return fd;
}

result<admin_answer> parse_answer(const std::string& text) {
  auto line_end = text.find("\r\n");
  auto head_end = text.find("\r\n\r\n");
  admin_answer out;
  if (line_end == std::string::npos || head_end == std::string::npos
      || line_end < 12)
    return failure(errc::malformed, "the server's answer is not HTTP");
  std::from_chars(text.data() + 9, text.data() + 12, out.status);
  out.body = text.substr(head_end + 4);
  return out;
}

} // namespace

result<admin_answer> ask_admin(const std::string& socket_path,
                               const std::string& method,
                               const std::string& path,
                               const std::string& body) {
  VARVE_TRY(auto fd, connect_to(socket_path));
  auto request = request_text(method, path, body);
  std::string answer;
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL)
      == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::recv(fd, buffer, sizeof buffer, 0)) > 0)
      answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return parse_answer(answer);
}

} // namespace varve::ops
