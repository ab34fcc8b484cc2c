#include "events/base/clock.hpp"

#include <cstdio>
#include <ctime>

namespace varve {

timestamp system_clock::now() const noexcept {
  using namespace std::chrono;
  return static_cast<timestamp>(
      duration_cast<milliseconds>(
          std::chrono::system_clock::now().time_since_epoch())
          .count());
}

std::string to_iso8601(timestamp t) {
  auto seconds = static_cast<std::time_t>(t / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<unsigned>(t % 1000));
  return out;
}

} // namespace varve
