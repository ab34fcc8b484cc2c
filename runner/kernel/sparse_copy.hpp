// Copies of files that are mostly holes.
#pragma once

#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// A new file `to` of the same bytes and holes, shared with `from` where the
// file system can do that; on disk when this returns.
result<unique_fd> copy_sparse(const std::string& from, const std::string& to);

} // namespace varve::runner
