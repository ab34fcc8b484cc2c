#include "runner/link/netlink.hpp"

#include <cerrno>
#include <cstring>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::size_t aligned(std::size_t n) noexcept {
  return (n + 3) & ~std::size_t{3};
}

} // namespace

netlink_message::netlink_message(std::uint16_t type, std::uint16_t flags,
                                 const void* header, std::size_t size) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_flags =
      static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  put_raw(&head, sizeof head);
  put_raw(header, size);
}

void netlink_message::put_raw(const void* data, std::size_t size) {
  auto at = bytes_.size();
  bytes_.resize(at + aligned(size));
  if (size > 0)
    std::memcpy(bytes_.data() + at, data, size);
}

void netlink_message::put(std::uint16_t type, const void* data,
                          std::size_t size) {
  rtattr head{static_cast<std::uint16_t>(sizeof(rtattr) + size), type};
  put_raw(&head, sizeof head);
  put_raw(data, size);
}

void netlink_message::put(std::uint16_t type, std::uint32_t value) {
  put(type, &value, sizeof value);
}

void netlink_message::put(std::uint16_t type, std::string_view text) {
  std::string copy{text};
  put(type, copy.c_str(), copy.size() + 1);
}

std::size_t netlink_message::begin(std::uint16_t type) {
  auto place = bytes_.size();
  put(type, nullptr, 0);
  return place;
}

void netlink_message::end(std::size_t place) {
  auto size = static_cast<std::uint16_t>(bytes_.size() - place);
  std::memcpy(bytes_.data() + place, &size, sizeof size);
}

result<netlink_socket> netlink_socket::open() {
  unique_fd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!fd)
    return last_error("netlink socket");
  // The kernel answers at once; a limit all the same.
  timeval limit{5, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  int on = 1;
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return netlink_socket{std::move(fd)};
}

result<int> netlink_socket::ask(netlink_message message) {
  auto bytes = message.bytes();
  nlmsghdr head{};
  std::memcpy(&head, bytes.data(), sizeof head);
  head.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  head.nlmsg_seq = ++sequence_;
  std::memcpy(bytes.data(), &head, sizeof head);
  if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0)
    return last_error("netlink send");
  alignas(nlmsghdr) char answer[8192];
  for (;;) {
    auto n = ::recv(fd_.get(), answer, sizeof answer, 0);
    if (n < 0) {
      if (errno == EINTR)
        continue;
      return last_error("netlink receive");
    }
    if (static_cast<std::size_t>(n) < sizeof(nlmsghdr) + sizeof(nlmsgerr))
      continue;
    nlmsghdr got{};
    std::memcpy(&got, answer, sizeof got);
    if (got.nlmsg_seq != sequence_)
      continue;
    if (got.nlmsg_type == RTM_NEWLINK) {
      ifinfomsg link{};
      std::memcpy(&link, answer + NLMSG_HDRLEN, sizeof link);
      link_ = link.ifi_index;
    }
    if (got.nlmsg_type != NLMSG_ERROR)
      continue;
    nlmsgerr verdict{};
    std::memcpy(&verdict, answer + NLMSG_HDRLEN, sizeof verdict);
    return verdict.error;
  }
}

result<int> netlink_socket::index_of(const std::string& name) {
  ifinfomsg head{};
  netlink_message message{RTM_GETLINK, 0, &head, sizeof head};
  message.put(IFLA_IFNAME, name);
  VARVE_CHECK(demand(std::move(message), "find link " + name));
  return link_;
}

result<void> netlink_socket::demand(netlink_message message,
                                    std::string_view what) {
  VARVE_TRY(auto verdict, ask(std::move(message)));
  if (verdict != 0)
    return system_error(what, -verdict);
  return ok();
}

} // namespace varve::runner
