// The actor of one sandbox: takes its operations one after another and gives
// each to a worker. What ends the sandbox goes before what starts it, and
// never waits until workers for starts are free.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "runner/host/messages.hpp"
#include "runner/host/services.hpp"
#include "runner/host/start_ticket.hpp"

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
  job current;                          // while busy
  std::shared_ptr<start_ticket> ticket; // while `current` may be called off
  std::uint64_t ended_at = 0;           // version of what last ended it
  std::uint64_t received = 0;           // messages from the supervisor
};

using sandbox_self = sandbox_actor::stateful_pointer<sandbox_state>;

sandbox_actor::behavior_type sandbox(sandbox_self self, services_ptr shared,
                                     supervisor_actor supervisor,
                                     std::string id);

} // namespace varve::runner
