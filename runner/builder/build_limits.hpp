// What one build may use of the machine.
#pragma once

#include <chrono>
#include <cstdint>

namespace varve::runner {

struct build_limits {
  std::chrono::seconds time{25 * 60};
  std::uint32_t cpu_millis = 2000;
  std::uint32_t memory_mib = 2048;
  std::uint32_t disk_gib = 20; // with what earlier builds left to be reused
  std::uint32_t pids = 2048;
};

} // namespace varve::runner
