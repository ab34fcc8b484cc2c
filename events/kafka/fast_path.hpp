// When a delivery report alone proves that a record counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace varve::log::kafka {

// What a producer heard of one record.
struct delivery {
  bool acknowledged = false;
  std::int64_t offset = -1;
};

// Of records written to one partition together: how many from the first on
// are known to lie where the reader will read next, one behind the other. A
// report of success can bear a false offset (-1, then 0, 1, 2...), so one
// that is negative spoils them all.
inline std::size_t known_to_follow(std::int64_t next_offset,
                                   std::span<const delivery> reports) noexcept {
  for (const auto& report : reports)
    if (report.acknowledged && report.offset < 0)
      return 0;
  std::size_t out = 0;
  while (out < reports.size() && reports[out].acknowledged
         && reports[out].offset == next_offset + static_cast<std::int64_t>(out))
    ++out;
  return out;
}

} // namespace varve::log::kafka
