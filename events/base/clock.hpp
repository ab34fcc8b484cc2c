// The clock as a port: tests run on virtual time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace varve {

// Milliseconds since the Unix epoch, UTC.
using timestamp = std::uint64_t;

class clock {
 public:
  virtual ~clock() = default;
  // Wall time; may step backwards. Any thread.
  virtual timestamp now() const noexcept = 0;
};

class system_clock final : public clock {
 public:
  timestamp now() const noexcept override;
};

// "2026-01-02T03:04:05.678Z"
std::string to_iso8601(timestamp t);

} // namespace varve
