#pragma once

#include <caf/logger.hpp>

namespace varve::host {

// CAF ties a thread that spawns to the system's logger, and the system's
// destructor waits until no thread is tied any more: a thread that is not
// CAF's and lives longer would stop it for ever. This unties it again.
class foreign_thread {
 public:
  foreign_thread() : is_foreign_(caf::logger::current_logger() == nullptr) {
    // nop
  }
  ~foreign_thread() {
    if (is_foreign_)
      caf::logger::set_current_actor_system(nullptr);
  }
  foreign_thread(const foreign_thread&) = delete;
  foreign_thread& operator=(const foreign_thread&) = delete;

 private:
  bool is_foreign_;
};

} // namespace varve::host
