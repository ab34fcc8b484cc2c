// What actors need done. Implemented over runner/host in the composition root
// and by a fake in tests.
#pragma once

#include <cstdint>
#include <string_view>

#include "schemas/operation_generated.h"

namespace varve {

class runner_port {
 public:
  virtual ~runner_port() = default;

  // Any thread, does not block. Repeating an operation is harmless.
  virtual void submit(schema::OperationT operation) = 0;
  // An event for this report counts: the runner may forget it.
  virtual void acknowledge(std::string_view sandbox_id,
                           std::uint64_t sequence) = 0;
};

// The other direction: the host of the actors receives reports. Any thread,
// does not block.
class runner_reports {
 public:
  virtual ~runner_reports() = default;
  virtual void outcome(schema::OutcomeT report) = 0;
  virtual void observation(schema::ObservationT report) = 0;
  virtual void inventory(schema::InventoryT report) = 0;
};

} // namespace varve
