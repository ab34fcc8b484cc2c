// The Unix socket between a gateway and a sandbox's toolbox. It lies where
// only the host sees it; the guest holds nothing but the listening end.
#pragma once

#include <chrono>
#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// A listening socket `toolbox.sock` in `directory`, replacing an older one.
result<unique_fd> listen_toolbox(const std::string& directory);

// A connected stream, not blocking; guest_unreachable when nobody listens.
result<unique_fd> connect_toolbox_socket(const std::string& directory);

// Asks GET /version and returns the version the toolbox names (at most 64
// plain characters: what it says is not trusted). guest_unreachable when it
// ends first; timed_out and shutting_down as wait_readable has them.
result<std::string>
ask_toolbox_version(const std::string& directory,
                    std::chrono::steady_clock::time_point until, int cancel);

// Asks whether anything that a caller started is at work inside. Errors as
// above, and when the toolbox does not know the question.
result<bool> ask_toolbox_works(const std::string& directory,
                               std::chrono::steady_clock::time_point until);

// Whether it waits to be claimed. Errors as above.
result<bool> ask_toolbox_waits(const std::string& directory,
                               std::chrono::steady_clock::time_point until,
                               int cancel);

// Claims it, with the text of guest_config.hpp; its version, as above.
result<std::string> claim_toolbox(const std::string& directory,
                                  const std::string& config,
                                  std::chrono::steady_clock::time_point until,
                                  int cancel);

} // namespace varve::runner
