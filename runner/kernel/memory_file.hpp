// A file that is nowhere but in memory, sealed against any change.
#pragma once

#include <string_view>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// Positioned at its start.
result<unique_fd> make_memory_file(const char* name, std::string_view bytes);

} // namespace varve::runner
