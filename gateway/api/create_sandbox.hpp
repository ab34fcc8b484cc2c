// What all requests that make a sandbox have in common.
#pragma once

#include <map>
#include <string>

#include "gateway/api/handlers.hpp"

namespace varve::gateway {

// The sandbox that a command is to make.
struct newborn {
  std::string id;
  bool has_env = false;
  bool is_named = false; // so that its client can ask for it again
};
newborn newborn_of(const CreateSandbox& c);

// Runs the command, waits until it is started and answers with it. What nobody
// can have heard of is taken back.
answer make_sandbox(services& s, const request& r, command what, newborn is);

// Names in clear, values sealed under the sandbox's own key.
result<void> seal_env(services& s,
                      const std::map<std::string, std::string>& env,
                      CreateSandbox& into);

} // namespace varve::gateway
