// The yardstick of bench_log: the same keys with values of the same size,
// written straight to RocksDB, one synced batch after the other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace varve::bench {

struct raw_writes {
  std::vector<double> milliseconds; // of each batch
  double records_per_second = 0;
};

raw_writes write_raw(const std::string& path, std::size_t record_bytes,
                     std::size_t batch_size, std::size_t batches);

} // namespace varve::bench
