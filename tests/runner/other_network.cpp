#include "tests/runner/other_network.hpp"

#include <chrono>
#include <cstring>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/kernel/process.hpp"
#include "runner/link/sandbox_link.hpp"

namespace varve::runner {

namespace {

sockaddr_in address_of(const std::string& text, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, text.c_str(), &out.sin_addr);
  return out;
}

bool bind_to(int fd, const std::string& text, int port) {
  auto address = address_of(text, port);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

void greet(int listener) {
  sockaddr_in who{};
  socklen_t size = sizeof who;
  unique_fd fd{::accept(listener, reinterpret_cast<sockaddr*>(&who), &size)};
  char text[INET_ADDRSTRLEN + 1] = {};
  ::inet_ntop(AF_INET, &who.sin_addr, text, sizeof text);
  std::strcat(text, "\n");
  [[maybe_unused]] auto n = ::write(fd.get(), text, std::strlen(text));
}

// The question comes back with one answer: a pointer to its name, A, IN, an
// hour to live, four bytes.
void answer_name(int fd, const std::string& address) {
  unsigned char packet[600];
  sockaddr_in who{};
  socklen_t size = sizeof who;
  auto* peer = reinterpret_cast<sockaddr*>(&who);
  auto n = ::recvfrom(fd, packet, 512, 0, peer, &size);
  if (n < 12)
    return;
  packet[2] = 0x81;
  packet[3] = 0x80;
  packet[7] = 1;
  std::memset(packet + 8, 0, 4);
  unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4};
  std::memcpy(packet + n, record, sizeof record);
  ::inet_pton(AF_INET, address.c_str(), packet + n + sizeof record);
  auto total = static_cast<std::size_t>(n) + sizeof record + 4;
  ::sendto(fd, packet, total, 0, peer, size);
}

} // namespace

other_network::other_network(const std::string& link, const std::string& host,
                             const std::string& own)
    : link_(link) {
  REQUIRE(remove_link(link));
  std::thread{[this] {
    if (::unshare(CLONE_NEWNET) == 0)
      namespace_.reset(
          ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }}.join();
  REQUIRE(namespace_);
  auto path = "/proc/" + std::to_string(::getpid()) + "/fd/"
              + std::to_string(namespace_.get());
  ip({"link", "add", link, "type", "veth", "peer", "name", "out", "netns",
      path});
  ip({"address", "add", host + "/24", "dev", link});
  ip({"link", "set", link, "up"});
  run_inside([&] {
    ip({"link", "set", "lo", "up"});
    ip({"link", "set", "out", "up"});
  });
  add_address(own + "/24");
}

other_network::~other_network() {
  is_over_ = true;
  for (auto& thread : threads_)
    thread.join();
  CHECK(remove_link(link_));
}

void other_network::ip(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "ip");
  auto done = run_program(arguments, "", std::chrono::seconds{10});
  if (!done)
    throw std::runtime_error{done.error().detail};
}

// A thread that is moved into the namespace, and what it starts with it.
void other_network::run_inside(const std::function<void()>& work) {
  std::string trouble;
  std::thread{[&] {
    if (::setns(namespace_.get(), CLONE_NEWNET) != 0) {
      trouble = "setns";
      return;
    }
    try {
      work();
    } catch (const std::exception& e) {
      trouble = e.what();
    }
  }}.join();
  INFO(trouble);
  REQUIRE(trouble.empty());
}

void other_network::add_address(const std::string& address) {
  run_inside([&] { ip({"address", "add", address, "dev", "out"}); });
}

void other_network::add_route(const std::string& to, const std::string& via) {
  run_inside([&] { ip({"route", "add", to, "via", via}); });
}

void other_network::serve(unique_fd socket, std::function<void(int)> answer) {
  threads_.emplace_back(
      [this, fd = std::move(socket), answer = std::move(answer)] {
        while (!is_over_) {
          pollfd p{fd.get(), POLLIN, 0};
          if (::poll(&p, 1, 50) == 1)
            answer(fd.get());
        }
      });
}

void other_network::serve_greeting(int port) {
  unique_fd fd;
  run_inside([&] {
    fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!bind_to(fd.get(), "0.0.0.0", port) || ::listen(fd.get(), 16) != 0)
      throw std::runtime_error{"listen"};
  });
  serve(std::move(fd), greet);
}

void other_network::serve_names(const std::string& own,
                                const std::string& address) {
  unique_fd fd;
  run_inside([&] {
    fd.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!bind_to(fd.get(), own, 53))
      throw std::runtime_error{"bind"};
  });
  serve(std::move(fd), [address](int s) { answer_name(s, address); });
}

bool other_network::can_connect(const std::string& address, int port) {
  bool connected = false;
  run_inside([&] {
    unique_fd fd{
        ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    auto to = address_of(address, port);
    ::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to);
    pollfd p{fd.get(), POLLOUT, 0};
    int trouble = 0;
    socklen_t size = sizeof trouble;
    connected =
        ::poll(&p, 1, 2000) == 1
        && ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &trouble, &size) == 0
        && trouble == 0;
  });
  return connected;
}

} // namespace varve::runner
