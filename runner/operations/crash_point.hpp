// Where tests interfere: VARVE_CRASH_AT=<operation>.<step> ends the process,
// as kill -9 would, right after that step of the first such operation. While
// there is a file of that name in VARVE_HOLD_DIR, all such operations wait
// there, at most two minutes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varve::runner {

void crash_point(std::string_view operation, std::string_view step) noexcept;

// Every value VARVE_CRASH_AT can have.
std::vector<std::string> crash_points();

} // namespace varve::runner
