// Speaks to a running server over its administrator's socket, which only root
// can open.
#pragma once

#include <string>

#include "events/base/result.hpp"

namespace varve::ops {

struct admin_answer {
  unsigned status = 0;
  std::string body;
};

// `method` and `path` as in gateway's admin routes; `body` is JSON or empty.
// runner_unavailable when no server listens there.
result<admin_answer> ask_admin(const std::string& socket_path,
                               const std::string& method,
                               const std::string& path,
                               const std::string& body);

} // namespace varve::ops
