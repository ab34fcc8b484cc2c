// How much room the log has left, and what may still be written. RocksDB must
// never meet a full disk: Debian's build stops the process.
#pragma once

#include <cstdint>

namespace varve::log {

enum class disk_state : std::uint8_t {
  ample = 0,
  low = 1,      // nothing new: creates are refused
  critical = 2, // only what gives room back: deletes, stops, outcomes
  full = 3,     // nothing at all
};

// Bytes free at which each state begins.
struct disk_limits {
  std::uint64_t low = std::uint64_t{1} << 30;
  std::uint64_t critical = std::uint64_t{128} << 20;
  // Leaves room to flush what is in memory (64 MiB) and to begin a WAL.
  std::uint64_t full = std::uint64_t{96} << 20;
  // A file that is given up on the way into `critical`.
  std::uint64_t reserve = std::uint64_t{128} << 20;
};

} // namespace varve::log
