// GET /port and /port/{port}/in-use, as errands: what listens in the
// sandbox's network namespace, on IPv4 and IPv6.
#pragma once

#include <set>
#include <string_view>

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox {

// Adds the ports of listening sockets in a table like /proc/net/tcp. Lines
// that are none are left out.
void add_listening_ports(std::string_view table, std::set<unsigned>& out);

void list_ports(exchange& ex);
void port_in_use(exchange& ex);

} // namespace varve::toolbox
