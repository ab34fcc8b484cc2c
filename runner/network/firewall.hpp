// What sandboxes may reach: one nft table of this server's own, whose rules
// name its links by their prefix, so that nothing changes with a sandbox but
// the sets of those that may reach less.
//
// Out: the internet, with NAT; the host's resolver, on the gateway's port 53.
// Not: the host, other sandboxes, private, link-local, CGNAT and other special
// ranges, IPv6, and packets that bear another address than the sandbox's.
#pragma once

#include <optional>
#include <string>

#include "events/base/result.hpp"
#include "runner/network/address_plan.hpp"
#include "runner/network/egress.hpp"

namespace varve::runner {

struct firewall_options {
  std::string table;
  std::string link_prefix;
  std::string subnet;
  std::string gateway;
  std::optional<std::string> resolver; // address; none: no DNS
  egress_map egresses;
};

// The table as text, replacing one of its name.
std::string firewall_rules(const firewall_options& options);

// Loads the rules and switches forwarding on where it is off.
result<void> raise_firewall(const firewall_options& options);

// Whether the kernel has a table of this name.
bool has_firewall(const std::string& table);

// A missing table is fine.
result<void> remove_firewall(const std::string& table);

// The first IPv4 resolver of the host that is not on its loopback.
std::optional<std::string> find_resolver();

} // namespace varve::runner
