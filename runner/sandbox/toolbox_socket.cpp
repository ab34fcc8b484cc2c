#include "runner/sandbox/toolbox_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/wait.hpp"

namespace varve::runner {

namespace {

using clock_type = std::chrono::steady_clock;

constexpr std::string_view file_name = "toolbox.sock";
constexpr std::size_t largest_answer = 16 << 10;
constexpr int backlog = 1024;

// A socket's path has at most 107 characters, so it goes through a descriptor
// of the directory.
struct socket_address {
  sockaddr_un address{};
  unique_fd directory;
};

result<socket_address> address_in(const std::string& directory) {
  socket_address out;
  out.directory.reset(
      ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!out.directory)
    return failure(errc::guest_unreachable, "the sandbox is not running");
  out.address.sun_family = AF_UNIX;
  std::snprintf(out.address.sun_path, sizeof out.address.sun_path,
                "/proc/self/fd/%d/%s", out.directory.get(), file_name.data());
  return out;
}

bool has_whole_answer(const std::string& text) {
  // The body is small JSON; the connection is closed after it.
  return text.find("\r\n\r\n") != std::string::npos && text.back() == '}';
}

result<std::string> read_answer(int fd, clock_type::time_point until,
                                int cancel) {
  std::string text;
  char buffer[2048];
  while (text.size() < largest_answer) {
    VARVE_CHECK(wait_readable(fd, until, cancel));
    auto n = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0)
      return failure(errc::guest_unreachable, "the toolbox hung up");
    if (n == 0)
      return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (has_whole_answer(text))
      return text;
  }
  return failure(errc::too_large, "the toolbox answers too much");
}

std::string plain(std::string_view text) {
  std::string out{text.substr(0, 64)};
  std::erase_if(out, [](char c) { return c < 0x21 || c > 0x7e; });
  return out;
}

// The member of the object that the toolbox answers with.
result<boost::json::value> member_of(const std::string& answer,
                                     std::string_view name) {
  auto body = answer.find("\r\n\r\n");
  if (answer.rfind("HTTP/1.1 200", 0) != 0 || body == std::string::npos)
    return failure(errc::guest_unreachable,
                   "the toolbox answers with " + plain(answer.substr(0, 32)));
  boost::system::error_code ec;
  auto parsed = boost::json::parse(answer.substr(body + 4), ec);
  if (ec || !parsed.is_object())
    return failure(errc::guest_unreachable, "the toolbox answers no JSON");
  auto* found = parsed.get_object().if_contains(name);
  if (found == nullptr)
    return failure(errc::guest_unreachable,
                   "the toolbox does not name its " + std::string{name});
  return *found;
}

result<void> send_all(int fd, std::string_view text,
                      clock_type::time_point until) {
  using std::chrono::milliseconds;
  while (!text.empty()) {
    auto n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno != EINTR && errno != EAGAIN)
      return failure(errc::guest_unreachable, "the toolbox hung up");
    auto left =
        std::chrono::duration_cast<milliseconds>(until - clock_type::now());
    if (left.count() <= 0)
      return failure(errc::timed_out, "the toolbox does not read");
    pollfd wait{fd, POLLOUT, 0};
    ::poll(&wait, 1, static_cast<int>(left.count()));
  }
  return ok();
}

result<std::string> ask(const std::string& directory, const std::string& line,
                        const std::string& body, clock_type::time_point until,
                        int cancel) {
  VARVE_TRY(auto fd, connect_toolbox_socket(directory));
  auto head = line + " HTTP/1.1\r\nHost: toolbox\r\nConnection: close\r\n";
  if (!body.empty())
    head += "Content-Type: application/json\r\nContent-Length: "
            + std::to_string(body.size()) + "\r\n";
  VARVE_CHECK(send_all(fd.get(), head + "\r\n" + body, until));
  return read_answer(fd.get(), until, cancel);
}

result<std::string> get(const std::string& directory, std::string_view path,
                        clock_type::time_point until, int cancel) {
  return ask(directory, "GET " + std::string{path}, "", until, cancel);
}

result<std::string> version_in(const std::string& answer) {
  VARVE_TRY(auto version, member_of(answer, "version"));
  if (!version.is_string())
    return failure(errc::guest_unreachable, "the toolbox's version is no text");
  return plain(version.get_string());
}

} // namespace

result<unique_fd> listen_toolbox(const std::string& directory) {
  VARVE_TRY(auto where, address_in(directory));
  VARVE_CHECK(remove_file(directory + "/" + std::string{file_name}));
  unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd)
    return last_error("socket");
  auto* address = reinterpret_cast<const sockaddr*>(&where.address);
  if (::bind(fd.get(), address, sizeof where.address) != 0
      || ::listen(fd.get(), backlog) != 0)
    return last_error("listen for the toolbox");
  return fd;
}

result<unique_fd> connect_toolbox_socket(const std::string& directory) {
  VARVE_TRY(auto where, address_in(directory));
  unique_fd fd{
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd)
    return last_error("socket");
  auto* address = reinterpret_cast<const sockaddr*>(&where.address);
  if (::connect(fd.get(), address, sizeof where.address) == 0)
    return fd;
  if (errno == EAGAIN) // its backlog is full
    return failure(errc::too_busy, "the toolbox accepts no more connections");
  if (errno == ENOENT || errno == ECONNREFUSED)
    return failure(errc::guest_unreachable, "the sandbox is not running");
  return last_error("connect to the toolbox");
}

result<std::string> ask_toolbox_version(const std::string& directory,
                                        clock_type::time_point until,
                                        int cancel) {
  VARVE_TRY(auto answer, get(directory, "/version", until, cancel));
  return version_in(answer);
}

result<bool> ask_toolbox_waits(const std::string& directory,
                               clock_type::time_point until, int cancel) {
  VARVE_TRY(auto answer, get(directory, "/varve/claim", until, cancel));
  VARVE_TRY(auto waits, member_of(answer, "waits"));
  return waits.is_bool() && waits.get_bool();
}

result<std::string> claim_toolbox(const std::string& directory,
                                  const std::string& config,
                                  clock_type::time_point until, int cancel) {
  VARVE_TRY(auto answer,
            ask(directory, "POST /varve/claim", config, until, cancel));
  return version_in(answer);
}

result<bool> ask_toolbox_works(const std::string& directory,
                               clock_type::time_point until) {
  VARVE_TRY(auto answer, get(directory, "/varve/work", until, -1));
  VARVE_TRY(auto count, member_of(answer, "running"));
  if (!count.is_int64())
    return failure(errc::guest_unreachable, "the toolbox counts nothing");
  return count.get_int64() != 0;
}

} // namespace varve::runner
