#include "events/base/logging.hpp"

#include <atomic>
#include <string>

#include <unistd.h>

#include "events/base/clock.hpp"

namespace varve {

namespace {

std::atomic<level> lowest_level{level::info};

std::string_view label(level l) noexcept {
  switch (l) {
  case level::debug:
    return " DEBUG ";
  case level::info:
    return " INFO ";
  case level::warning:
    return " WARNING ";
  case level::failure:
    return " ERROR ";
  }
  return " ";
}

} // namespace

void set_log_level(level lowest) noexcept {
  lowest_level = lowest;
}

void write_line(level l, std::string_view area, std::string_view text) {
  if (l < lowest_level.load(std::memory_order_relaxed))
    return;
  std::string line = to_iso8601(system_clock{}.now());
  line += label(l);
  line += area;
  line += ": ";
  line += text;
  line += '\n';
  // One write, so that lines of several threads do not mix.
  [[maybe_unused]] auto n = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace varve
