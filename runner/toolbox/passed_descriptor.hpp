// A message over a Unix socket that may carry one descriptor.
#pragma once

#include <cstddef>
#include <string_view>

#include <sys/types.h>

namespace varve::toolbox {

// -1: no descriptor. False when it was not sent; errno says why. Never
// raises SIGPIPE; blocks only where the socket does.
bool send_with_descriptor(int to, std::string_view text, int fd);

// Bytes of the text, as recv; never blocks. `fd` is set when one came: it is
// the caller's, and closed by exec.
ssize_t receive_with_descriptor(int from, char* text, std::size_t size,
                                int& fd);

} // namespace varve::toolbox
