// Diagnostics to stderr, one line each: "time LEVEL area: text". Never holds
// secrets. Any thread.
#pragma once

#include <string_view>

namespace varve {

enum class level { debug, info, warning, failure };

void set_log_level(level lowest) noexcept;
void write_line(level l, std::string_view area, std::string_view text);

inline void log_debug(std::string_view area, std::string_view text) {
  write_line(level::debug, area, text);
}
inline void log_info(std::string_view area, std::string_view text) {
  write_line(level::info, area, text);
}
inline void log_warning(std::string_view area, std::string_view text) {
  write_line(level::warning, area, text);
}
inline void log_failure(std::string_view area, std::string_view text) {
  write_line(level::failure, area, text);
}

} // namespace varve
