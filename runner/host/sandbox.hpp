// The actor of one sandbox: takes its operations one after another and gives
// each to a worker.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "runner/host/messages.hpp"
#include "runner/host/services.hpp"

namespace varve::runner {

struct sandbox_state {
  static inline const char* name = "runner.sandbox";

  struct job {
    operation_ptr operation; // nothing: examine
    bool resumed = false;
  };

  services_ptr shared;
  supervisor_actor supervisor;
  std::string id;
  std::deque<job> waiting;
  bool is_busy = false;
  std::uint64_t received = 0; // messages from the supervisor
};

using sandbox_self = sandbox_actor::stateful_pointer<sandbox_state>;

sandbox_actor::behavior_type sandbox(sandbox_self self, services_ptr shared,
                                     supervisor_actor supervisor,
                                     std::string id);

} // namespace varve::runner
