// The actor over all sandboxes' actors: makes them when there is something to
// do, ends them when there is not, and keeps the clock of the reports.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "runner/host/messages.hpp"
#include "runner/host/services.hpp"

namespace varve::runner {

struct supervisor_state {
  static inline const char* name = "runner.supervisor";

  struct child {
    sandbox_actor actor;
    std::uint64_t sent = 0;
  };

  services_ptr shared;
  std::map<std::string, child> children;
};

using supervisor_self = supervisor_actor::stateful_pointer<supervisor_state>;

supervisor_actor::behavior_type supervisor(supervisor_self self,
                                           services_ptr shared);

} // namespace varve::runner
