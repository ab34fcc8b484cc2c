// Removing what a guest wrote: any depth, any names, links never followed.
#pragma once

#include <string>

#include "events/base/result.hpp"

namespace varve::runner {

// Everything below `path` and the directory itself; a missing one is fine.
// Uses a bounded number of descriptors and never enters another mount.
result<void> remove_tree(const std::string& path);

} // namespace varve::runner
