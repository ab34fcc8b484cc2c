// What PID 1 takes from itself and from everything in the sandbox before it
// listens: the system calls of the runner's filter, and capabilities.
#pragma once

#include "events/base/result.hpp"

namespace varve::toolbox {

// Installs the array of sock_filter that the descriptor holds, for this
// process and all its children. Needs CAP_SYS_ADMIN of the own user namespace
// (no_new_privs stays off, or sudo would not work).
result<void> install_filter(int fd);

// Drops every capability that no guest needs, CAP_SYS_ADMIN first, from the
// bounding, inheritable, ambient, permitted and effective sets, and keeps in
// effect only what PID 1 works with. Does nothing in a process without
// capabilities.
result<void> drop_capabilities();

// In a child that acts for uid 0: all that is still permitted takes effect,
// as it would for a program that root executes.
void raise_permitted();

// The bounding, permitted and effective sets after drop_capabilities keep at
// most these.
bool is_kept_capability(int number);

} // namespace varve::toolbox
