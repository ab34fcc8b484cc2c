#include "runner/operations/network_guard.hpp"

#include "events/base/logging.hpp"
#include "runner/link/sandbox_link.hpp"
#include "runner/network/foreign_firewall.hpp"

namespace varve::runner {

firewall_options network_guard::wanted() const {
  firewall_options out;
  out.table = host_.where.firewall_table();
  out.link_prefix = host_.where.link_prefix();
  out.subnet = host_.addresses.subnet();
  out.gateway = dotted(host_.addresses.gateway());
  auto& set = host_.settings.resolver;
  out.resolver = set.empty() ? find_resolver() : std::optional{set};
  out.egresses = egresses_;
  return out;
}

result<void> network_guard::raise() {
  std::lock_guard lock{guard_};
  return raise_locked();
}

void network_guard::know(std::uint32_t address, egress what) {
  std::lock_guard lock{guard_};
  if (!what.is_open())
    egresses_[address] = std::move(what);
}

// The table is replaced as a whole, in one transaction.
result<void> network_guard::apply(std::uint32_t address, egress what) {
  std::lock_guard lock{guard_};
  auto before = egresses_;
  if (what.is_open() && egresses_.erase(address) == 0)
    return ok();
  if (!what.is_open())
    egresses_[address] = std::move(what);
  auto rules = wanted();
  auto raised = raise_firewall(rules);
  if (!raised) {
    egresses_ = std::move(before);
    return raised;
  }
  resolver_ = rules.resolver;
  return ok();
}

result<void> network_guard::raise_locked() {
  auto rules = wanted();
  VARVE_CHECK(add_gateway(host_.addresses.gateway()));
  VARVE_CHECK(raise_firewall(rules));
  resolver_ = rules.resolver;
  return pass_foreign_firewall(host_.where.link_prefix());
}

result<void> network_guard::check() {
  std::lock_guard lock{guard_};
  if (!has_firewall(host_.where.firewall_table())) {
    log_warning("runner", "somebody removed the sandboxes' firewall: raised "
                          "again");
    return raise_locked();
  }
  if (wanted().resolver != resolver_) {
    log_info("runner", "the host has another resolver");
    return raise_locked();
  }
  VARVE_CHECK(add_gateway(host_.addresses.gateway()));
  return pass_foreign_firewall(host_.where.link_prefix());
}

result<void> lower_network(const machine& host) {
  VARVE_CHECK(unpass_foreign_firewall(host.where.link_prefix()));
  VARVE_CHECK(remove_firewall(host.where.firewall_table()));
  return remove_gateway(host.addresses.gateway());
}

} // namespace varve::runner
