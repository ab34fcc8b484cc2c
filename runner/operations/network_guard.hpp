// Keeps the network that all sandboxes share as it must be: gateway address,
// firewall, way to the resolver. Others on a host flush rules and change
// resolvers.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "runner/network/firewall.hpp"
#include "runner/operations/machine.hpp"

namespace varve::runner {

// Any thread.
class network_guard {
 public:
  explicit network_guard(const machine& host) : host_(host) {
    // nop
  }

  // Of a sandbox that may run already: before raise().
  void know(std::uint32_t address, egress what);

  // Makes everything; called before the first sandbox.
  result<void> raise();

  // From here on what the sandbox at this address may reach. At once, also
  // for connections that are open.
  result<void> apply(std::uint32_t address, egress what);

  // Makes again what is gone or does not fit any more.
  result<void> check();

 private:
  firewall_options wanted() const;
  result<void> raise_locked();

  const machine& host_;
  std::mutex guard_;
  std::optional<std::string> resolver_; // as the rules have it
  egress_map egresses_;
};

// What `raise` made on the host is gone; nothing there is fine.
result<void> lower_network(const machine& host);

} // namespace varve::runner
