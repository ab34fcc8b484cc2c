#include "runner/network/firewall.hpp"

#include <sstream>

#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/process.hpp"

namespace varve::runner {

namespace {

constexpr std::chrono::milliseconds nft_limit{10'000};

constexpr const char* forbidden_ranges =
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, "
    "172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, "
    "224.0.0.0/4, 240.0.0.0/4";

void replace_all(std::string& text, const std::string& from,
                 const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// Rules see a sandbox's packets in this order: is it its own address, is it
// for the resolver, then input (to the host) or forward (past it). Refusals
// are answered, so that nobody in a sandbox waits for a time-out.
constexpr const char* pattern = R"(
table inet @TABLE@
delete table inet @TABLE@
table inet @TABLE@ {
  set forbidden {
    type ipv4_addr
    flags interval
    elements = { @FORBIDDEN@ }
  }
  set silenced {
    type ipv4_addr
    @SILENCED@
  }
  set confined {
    type ipv4_addr
    @CONFINED@
  }
  set permitted {
    type ipv4_addr . ipv4_addr
    flags interval
    @PERMITTED@
  }
  chain source {
    type filter hook prerouting priority raw; policy accept;
    iifname != "@LINK@*" accept
    meta nfproto != ipv4 drop
    fib saddr . iif oif missing drop
  }
@DNS@
  chain to_host {
    type filter hook input priority filter; policy accept;
    iifname != "@LINK@*" accept
    ct state established,related accept
    jump refuse
  }
  chain past_host {
    type filter hook forward priority filter; policy accept;
    iifname "@LINK@*" jump from_sandbox
    oifname "@LINK@*" ct state established,related accept
    oifname "@LINK@*" drop
  }
  chain from_sandbox {
    ct state invalid drop
    ip saddr @silenced jump refuse
    ip saddr @confined ip saddr . ct original ip daddr != @permitted jump refuse
    ct status dnat accept
    oifname "@LINK@*" jump refuse
    ip daddr @forbidden jump refuse
    accept
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmp type admin-prohibited
  }
  chain translate {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @SUBNET@ oifname != "@LINK@*" masquerade
  }
}
)";

constexpr const char* dns_pattern = R"(
  chain dns {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "@LINK@*" ip daddr @GATEWAY@ udp dport 53 dnat ip to @RESOLVER@
    iifname "@LINK@*" ip daddr @GATEWAY@ tcp dport 53 dnat ip to @RESOLVER@
  }
)";

std::string elements(const std::string& list) {
  return list.empty() ? list : "elements = { " + list + " }";
}

std::optional<std::string> resolver_in(const std::string& path) {
  auto text = read_file(path);
  if (!text)
    return std::nullopt;
  std::istringstream lines{text.value()};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string keyword, address;
    words >> keyword >> address;
    if (keyword == "nameserver" && address.rfind("127.", 0) != 0
        && address.find(':') == std::string::npos && !address.empty())
      return address;
  }
  return std::nullopt;
}

} // namespace

std::string firewall_rules(const firewall_options& options) {
  std::string text = pattern;
  replace_all(text, "@DNS@", options.resolver ? dns_pattern : "");
  auto sets = elements_of(options.egresses);
  replace_all(text, "@SILENCED@", elements(sets.silenced));
  replace_all(text, "@CONFINED@", elements(sets.confined));
  replace_all(text, "@PERMITTED@", elements(sets.permitted));
  replace_all(text, "@TABLE@", options.table);
  replace_all(text, "@FORBIDDEN@", forbidden_ranges);
  replace_all(text, "@LINK@", options.link_prefix);
  replace_all(text, "@SUBNET@", options.subnet);
  replace_all(text, "@GATEWAY@", options.gateway);
  if (options.resolver)
    replace_all(text, "@RESOLVER@", *options.resolver);
  return text;
}

result<void> raise_firewall(const firewall_options& options) {
  if (!options.resolver)
    log_warning("runner", "no resolver that sandboxes could reach is named in "
                          "/etc/resolv.conf: they have no DNS");
  auto loaded =
      run_program({"nft", "-f", "-"}, firewall_rules(options), nft_limit);
  if (!loaded)
    return prefixed("firewall", loaded.error());
  const std::string forwarding = "/proc/sys/net/ipv4/ip_forward";
  VARVE_TRY(auto state, read_file(forwarding));
  if (state.rfind("1", 0) == 0)
    return ok();
  log_info("runner", "switching net.ipv4.ip_forward on for sandboxes");
  return write_file(forwarding, "1");
}

bool has_firewall(const std::string& table) {
  // Only the table's own line, so that no rule is read and translated.
  auto text = "list table inet " + table + "\n";
  return run_program({"nft", "-f", "-"}, text, nft_limit).has_value();
}

result<void> remove_firewall(const std::string& table) {
  // Declared first, so that deleting a missing one is no error.
  auto text = "table inet " + table + "\ndelete table inet " + table + "\n";
  return run_program({"nft", "-f", "-"}, text, nft_limit);
}

std::optional<std::string> find_resolver() {
  if (auto found = resolver_in("/etc/resolv.conf"))
    return found;
  return resolver_in("/run/systemd/resolve/resolv.conf");
}

} // namespace varve::runner
