// The one table from our errors to HTTP, and the words HTTP has for numbers.
#pragma once

#include <string_view>

#include "events/base/error.hpp"

namespace varve::gateway {

unsigned status_of(errc code) noexcept;

// "Not Found"
std::string_view reason_of(unsigned status) noexcept;
// "NOT_FOUND": what clients find in `code`.
std::string_view code_of(unsigned status) noexcept;

// Whether the error's detail may be shown to a caller. The details of inner
// failures are for the log.
bool is_for_callers(errc code) noexcept;

} // namespace varve::gateway
