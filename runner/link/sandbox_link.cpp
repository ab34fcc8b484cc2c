#include "runner/link/sandbox_link.hpp"

#include <array>
#include <cerrno>
#include <optional>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/link/netlink.hpp"

namespace varve::runner {

namespace {

using mac = std::array<std::uint8_t, 6>;

constexpr mac host_mac{0x02, 0x76, 0, 0, 0, 1};
constexpr int loopback_index = 1;
// Given at creation, so no index has to be asked for.
constexpr int guest_index = 2;

constexpr std::uint16_t make_new = NLM_F_CREATE | NLM_F_EXCL;

mac guest_mac(std::uint32_t address) noexcept {
  return {0x02,
          0x76,
          static_cast<std::uint8_t>(address >> 24),
          static_cast<std::uint8_t>(address >> 16),
          static_cast<std::uint8_t>(address >> 8),
          static_cast<std::uint8_t>(address)};
}

netlink_message pair_request(const sandbox_link& link, int host_namespace) {
  ifinfomsg head{};
  head.ifi_family = AF_UNSPEC;
  head.ifi_index = guest_index;
  head.ifi_flags = IFF_UP;
  head.ifi_change = IFF_UP;
  netlink_message m{RTM_NEWLINK, make_new, &head, sizeof head};
  auto inside = guest_mac(link.address);
  m.put(IFLA_IFNAME, std::string_view{"eth0"});
  m.put(IFLA_ADDRESS, inside.data(), inside.size());
  auto info = m.begin(IFLA_LINKINFO);
  m.put(IFLA_INFO_KIND, std::string_view{"veth"});
  auto data = m.begin(IFLA_INFO_DATA);
  auto peer = m.begin(VETH_INFO_PEER);
  ifinfomsg peer_head{};
  m.put_raw(&peer_head, sizeof peer_head);
  m.put(IFLA_IFNAME, link.name);
  m.put(IFLA_ADDRESS, host_mac.data(), host_mac.size());
  m.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(host_namespace));
  m.end(peer);
  m.end(data);
  m.end(info);
  return m;
}

netlink_message up_request(int index) {
  ifinfomsg head{};
  head.ifi_index = index;
  head.ifi_flags = IFF_UP;
  head.ifi_change = IFF_UP;
  return netlink_message{RTM_NEWLINK, 0, &head, sizeof head};
}

// Before the link is up, so that no link-local IPv6 address is ever made.
netlink_message without_ipv6_request(int index) {
  ifinfomsg head{};
  head.ifi_index = index;
  netlink_message m{RTM_SETLINK, 0, &head, sizeof head};
  auto families = m.begin(IFLA_AF_SPEC);
  auto inet6 = m.begin(AF_INET6);
  std::uint8_t none = IN6_ADDR_GEN_MODE_NONE;
  m.put(IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
  m.end(inet6);
  m.end(families);
  return m;
}

netlink_message address_request(std::uint16_t type, int index,
                                std::uint32_t address) {
  ifaddrmsg head{};
  head.ifa_family = AF_INET;
  head.ifa_prefixlen = 32;
  head.ifa_scope = RT_SCOPE_UNIVERSE;
  head.ifa_index = static_cast<std::uint32_t>(index);
  auto flags = type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_REPLACE : 0;
  netlink_message m{type, static_cast<std::uint16_t>(flags), &head,
                    sizeof head};
  m.put(IFA_LOCAL, htonl(address));
  m.put(IFA_ADDRESS, htonl(address));
  return m;
}

netlink_message neighbour_request(int index, std::uint32_t address,
                                  const mac& hardware) {
  ndmsg head{};
  head.ndm_family = AF_INET;
  head.ndm_ifindex = index;
  head.ndm_state = NUD_PERMANENT;
  netlink_message m{RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &head,
                    sizeof head};
  m.put(NDA_DST, htonl(address));
  m.put(NDA_LLADDR, hardware.data(), hardware.size());
  return m;
}

// To one address, or to everywhere when there is none.
netlink_message route_request(int index, std::optional<std::uint32_t> to,
                              std::optional<std::uint32_t> via) {
  rtmsg head{};
  head.rtm_family = AF_INET;
  head.rtm_dst_len = to ? 32 : 0;
  head.rtm_table = RT_TABLE_MAIN;
  head.rtm_protocol = RTPROT_STATIC;
  head.rtm_scope = via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  head.rtm_type = RTN_UNICAST;
  netlink_message m{RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &head,
                    sizeof head};
  if (to)
    m.put(RTA_DST, htonl(*to));
  if (via)
    m.put(RTA_GATEWAY, htonl(*via));
  m.put(RTA_OIF, static_cast<std::uint32_t>(index));
  return m;
}

// Per namespace, written before any link is there. What root of the sandbox
// cannot do, because the namespace is not its own, is allowed to everybody
// instead: ping and ports below 1024.
result<void> set_namespace_options() {
  const std::string net = "/proc/sys/net/";
  if (exists(net + "ipv6")) {
    VARVE_CHECK(write_file(net + "ipv6/conf/all/disable_ipv6", "1"));
    VARVE_CHECK(write_file(net + "ipv6/conf/default/disable_ipv6", "1"));
  }
  VARVE_CHECK(write_file(net + "ipv4/ping_group_range", "0 4294967294"));
  VARVE_CHECK(write_file(net + "ipv4/ip_unprivileged_port_start", "0"));
  return ok();
}

result<void> configure_inside(netlink_socket& inside,
                              const sandbox_link& link) {
  VARVE_CHECK(inside.demand(up_request(loopback_index), "lo up"));
  VARVE_CHECK(inside.demand(
      address_request(RTM_NEWADDR, guest_index, link.address), "address"));
  VARVE_CHECK(
      inside.demand(neighbour_request(guest_index, link.gateway, host_mac),
                    "gateway's neighbour"));
  VARVE_CHECK(
      inside.demand(route_request(guest_index, link.gateway, std::nullopt),
                    "route to the gateway"));
  VARVE_CHECK(inside.demand(
      route_request(guest_index, std::nullopt, link.gateway), "default route"));
  return ok();
}

result<void> configure_outside(netlink_socket& outside,
                               const sandbox_link& link) {
  VARVE_TRY(auto index, outside.index_of(link.name));
  // A host without IPv6 has nothing to switch off.
  VARVE_CHECK(outside.ask(without_ipv6_request(index)));
  VARVE_CHECK(outside.demand(up_request(index), "link up"));
  VARVE_CHECK(outside.demand(
      neighbour_request(index, link.address, guest_mac(link.address)),
      "sandbox's neighbour"));
  return outside.demand(route_request(index, link.address, std::nullopt),
                        "route to the sandbox");
}

} // namespace

result<void> enter_network(const sandbox_link& link) {
  VARVE_CHECK(remove_link(link.name));
  unique_fd host{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!host)
    return last_error("host's network namespace");
  VARVE_TRY(auto outside, netlink_socket::open());
  if (::unshare(CLONE_NEWNET) != 0)
    return last_error("new network namespace");
  VARVE_CHECK(set_namespace_options());
  VARVE_TRY(auto inside, netlink_socket::open());
  VARVE_CHECK(
      inside.demand(pair_request(link, host.get()), "veth " + link.name));
  VARVE_CHECK(configure_inside(inside, link));
  return configure_outside(outside, link);
}

result<void> remove_link(const std::string& name) {
  VARVE_TRY(auto socket, netlink_socket::open());
  ifinfomsg head{};
  netlink_message m{RTM_DELLINK, 0, &head, sizeof head};
  m.put(IFLA_IFNAME, name);
  VARVE_TRY(auto verdict, socket.ask(std::move(m)));
  if (verdict != 0 && verdict != -ENODEV)
    return system_error("remove link " + name, -verdict);
  return ok();
}

result<void> add_gateway(std::uint32_t address) {
  VARVE_TRY(auto socket, netlink_socket::open());
  return socket.demand(address_request(RTM_NEWADDR, loopback_index, address),
                       "gateway address");
}

result<void> remove_gateway(std::uint32_t address) {
  VARVE_TRY(auto socket, netlink_socket::open());
  VARVE_TRY(auto verdict,
            socket.ask(address_request(RTM_DELADDR, loopback_index, address)));
  if (verdict != 0 && verdict != -EADDRNOTAVAIL)
    return system_error("remove gateway address", -verdict);
  return ok();
}

} // namespace varve::runner
