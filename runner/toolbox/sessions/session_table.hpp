// All sessions of a sandbox, by id. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "runner/toolbox/sessions/session.hpp"

namespace varve::toolbox {

class session_table {
 public:
  static constexpr std::size_t most_sessions = 64;
  static constexpr std::string_view entrypoint_id = "entrypoint";

  session_table(runtime& rt, session_memory& memory)
      : rt_{rt}, memory_{memory} {
    // nop
  }

  // Starts its shell in `cwd`. The oldest that has ended makes room.
  outcome<std::shared_ptr<session>> create(const std::string& id,
                                           const std::string& cwd);
  // Nothing when the sandbox has no entry point.
  void start_entrypoint();
  void forget(const session& which);

  // Also the entry point's.
  outcome<std::shared_ptr<session>> find(std::string_view id) const;
  // Without the entry point's.
  std::vector<std::shared_ptr<session>> all() const;

 private:
  void make_room();

  runtime& rt_;
  session_memory& memory_;
  std::vector<std::shared_ptr<session>> sessions_; // oldest first
};

} // namespace varve::toolbox
