// Times as they come in.
#pragma once

#include <optional>
#include <string_view>

#include "events/base/clock.hpp"

namespace varve::gateway {

// "2026-01-02", "2026-01-02T03:04:05Z", with fractions or "+01:00" too;
// nothing when it is no such time or before 1970.
std::optional<timestamp> from_iso8601(std::string_view text) noexcept;

} // namespace varve::gateway
