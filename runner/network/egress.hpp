// What one sandbox may reach beyond what none may.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace varve::runner {

struct egress {
  bool block_all = false;
  std::string allow_list; // "a.b.c.d/n,..."; empty: all

  bool is_open() const noexcept {
    return !block_all && allow_list.empty();
  }
};

// By the sandbox's address; of those that are not open.
using egress_map = std::map<std::uint32_t, egress>;

// The elements of the firewall's sets, ", " between them.
struct egress_elements {
  std::string silenced;  // addresses that reach nothing
  std::string confined;  // addresses that reach only
  std::string permitted; // "address . network"
};
// What is not a network is left out, so that less can be reached.
egress_elements elements_of(const egress_map& all);

} // namespace varve::runner
