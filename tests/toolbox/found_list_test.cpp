#include <string>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/toolbox/files/found_list.hpp"

using namespace varve::toolbox;
using varve::toolbox::files::found_list;
using varve::toolbox::files::list_limits;

namespace {

// An exchange whose request has no body, and what it sent.
struct asked {
  explicit asked(const char* method = "GET") {
    rq.method = method;
    rq.path = "/files/find";
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  ~asked() {
    for (int fd : {ends[0], ends[1], nothing})
      ::close(fd);
  }

  std::string sent() {
    ::shutdown(ends[0], SHUT_WR);
    std::string out;
    char part[4096];
    for (ssize_t n; (n = ::read(ends[1], part, sizeof part)) > 0;)
      out.append(part, static_cast<std::size_t>(n));
    return out;
  }

  int ends[2] = {-1, -1};
  int nothing = -1;
  request rq;
  guest g;
};

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a list is told whole when it stays within its limits") {
  asked a;
  exchange ex{a.nothing, a.ends[0], a.rq, a.g};
  found_list out{ex, "["};
  CHECK(out.add("1"));
  CHECK(out.add("2"));
  out.finish("]");
  CHECK(ex.is_complete());
  auto sent = a.sent();
  CHECK(sent.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(sent.ends_with("\r\n\r\n5\r\n[1,2]\r\n0\r\n\r\n"));
}

TEST_CASE("more than a list may hold is a problem and no shorter list") {
  asked a;
  exchange ex{a.nothing, a.ends[0], a.rq, a.g};
  list_limits limits;
  limits.elements = 2;
  found_list out{ex, "[", limits};
  CHECK(out.add("1"));
  CHECK(out.add("2"));
  CHECK_FALSE(out.add("3"));
  out.finish("]");
  CHECK(ex.is_complete());
  auto sent = a.sent();
  CHECK(sent.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(has(sent, "there are more than 2 of them"));
  CHECK_FALSE(has(sent, "[1,2"));
}

TEST_CASE("looking for too long is a problem that says how long") {
  asked a;
  exchange ex{a.nothing, a.ends[0], a.rq, a.g};
  list_limits limits;
  limits.time = std::chrono::seconds{0};
  found_list out{ex, "[", limits};
  CHECK_FALSE(out.goes_on());
  CHECK_FALSE(out.add("1"));
  out.finish("]");
  CHECK(ex.is_complete());
  auto sent = a.sent();
  CHECK(sent.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(has(sent, "longer than 0 seconds"));
}

TEST_CASE("a list that has partly left is cut short, not closed") {
  asked a;
  exchange ex{a.nothing, a.ends[0], a.rq, a.g};
  int size = 4 << 20;
  REQUIRE(
      ::setsockopt(a.ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size)
      == 0);
  list_limits limits;
  limits.elements = 1;
  found_list out{ex, "[", limits};
  CHECK(out.add(std::string(exchange::held_back, '1')));
  CHECK_FALSE(out.add("2"));
  out.finish("]");
  CHECK_FALSE(ex.is_complete());
  CHECK_FALSE(a.sent().ends_with("0\r\n\r\n"));
}

TEST_CASE("HEAD gets the head of a list and no body") {
  asked a{"HEAD"};
  exchange ex{a.nothing, a.ends[0], a.rq, a.g};
  found_list out{ex, "["};
  out.add("1");
  out.finish("]");
  CHECK(ex.is_complete());
  auto sent = a.sent();
  CHECK(sent.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(sent.ends_with("\r\n\r\n"));
  CHECK_FALSE(has(sent, "[1"));
}
