// Firewalls of others on the host. An accept in our table does not save a
// packet from a drop in theirs: docker and ufw drop all that is forwarded.
#pragma once

#include <string>

#include "events/base/result.hpp"

namespace varve::runner {

// Where iptables drops forwarded packets by default, lets those of our links
// pass; our own table still says which. Repeating it is harmless.
result<void> pass_foreign_firewall(const std::string& link_prefix);

// Takes that back.
result<void> unpass_foreign_firewall(const std::string& link_prefix);

} // namespace varve::runner
