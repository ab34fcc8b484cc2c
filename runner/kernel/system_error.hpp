// errno as an error of ours.
#pragma once

#include <string>
#include <string_view>

#include "events/base/result.hpp"

namespace varve::runner {

// "what: No such file or directory", with the code io.
error system_error(std::string_view what, int number);

// The same for the calling thread's errno.
error last_error(std::string_view what);

} // namespace varve::runner
