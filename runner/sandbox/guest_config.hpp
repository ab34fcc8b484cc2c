// What PID 1 is told about its sandbox, through sealed memory.
#pragma once

#include <map>
#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/sandbox/image.hpp"

namespace varve::runner {

struct guest_config {
  std::string sandbox_id;
  std::string user; // empty: the image's, else root
  std::map<std::string, std::string> env;
  bool waits = false; // nothing else is told: a claim brings it
};

// The same as text, for a claim. Holds secrets.
std::string guest_config_text(const guest_config& config, const image& from);

result<unique_fd> make_guest_config(const guest_config& config,
                                    const image& from);

} // namespace varve::runner
