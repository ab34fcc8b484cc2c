// Read models folded anew in memory: to look at the past, and to compare with
// those that are stored.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "events/local_store.hpp"
#include "projections/queries.hpp"

namespace varve::projections {

// As everything was at a moment. Used by one thread.
class replay {
 public:
  // Folds every record of that time (unix ms) and before. Memory grows with
  // the number of aggregates. store_failed when a record cannot be folded.
  static result<std::unique_ptr<replay>> until(log::local_store& store,
                                               timestamp moment);
  virtual ~replay() = default;

  virtual queries& answers() noexcept = 0;
};

// One sandbox as it was at a moment, destroyed ones too; nothing when it was
// not there yet. Reads its stream only.
result<std::optional<sandbox_view>>
replay_sandbox(log::local_store& store, std::string_view id, timestamp moment);

struct comparison {
  std::uint64_t records = 0;            // folded
  std::uint64_t rows = 0;               // stored
  std::vector<std::string> differences; // "sandboxes: row <key> ..."; a few
  std::uint64_t different = 0;          // how many there are
};

// Folds the log up to where the stored read models are, and compares row by
// row. store_failed when those are of another version's format or have
// stopped.
result<comparison> compare_with_log(log::local_store& store);

} // namespace varve::projections
