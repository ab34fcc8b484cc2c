// The sandbox's only way out: a routed veth pair, configured by netlink.
//
//   sandbox: eth0  ip/32, default via gateway (its address never answers ARP:
//                  the neighbour is fixed)
//   host:    <name>, route ip/32 to it, fixed neighbour
#pragma once

#include <cstdint>
#include <string>

#include "events/base/result.hpp"

namespace varve::runner {

// Addresses in host byte order.
struct sandbox_link {
  std::string name; // of the host's end, at most 15 characters
  std::uint32_t address = 0;
  std::uint32_t gateway = 0;
};

// Called in the namespace of the host. Moves the calling process, which must
// have one thread, into a network namespace of its own, with lo and eth0 up.
result<void> enter_network(const sandbox_link& link);

// Called in the namespace of the host. A missing link is fine.
result<void> remove_link(const std::string& name);

// Puts `address` on the host's lo, where the sandboxes' gateway lives.
result<void> add_gateway(std::uint32_t address);
result<void> remove_gateway(std::uint32_t address);

} // namespace varve::runner
