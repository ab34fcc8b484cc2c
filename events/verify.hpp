// Recomputes what a store claims.
#pragma once

#include <array>
#include <cstdint>

#include "events/local_store.hpp"

namespace varve::log {

struct verified {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::array<chain_head, partition_count> heads{};
};

// Reads every record of every partition from its first on: hash, structure,
// link, order and log id. Stops at the first that is altered or missing and
// names it (log_corrupt, log_diverged, malformed). Any thread; the store may
// serve meanwhile.
result<verified> verify_chains(local_store& store);

// The same for a store's newest `records` of each partition only.
result<verified> verify_tails(local_store& store, std::uint64_t records);

} // namespace varve::log
