// Space for the journal when a guest has filled the disk. RocksDB must never
// meet a full one: it would end the process.
#pragma once

#include <string>

#include "events/base/result.hpp"

namespace varve::runner {

// One thread at a time.
class disk_reserve {
 public:
  // `file` holds the space; made where there is enough.
  explicit disk_reserve(std::string file);

  // Before every write: gives the reserve away when it gets tight. Error
  // store_failed when even that is used up; nothing may be written then.
  result<void> ensure();

 private:
  void fill();

  std::string file_;
};

} // namespace varve::runner
