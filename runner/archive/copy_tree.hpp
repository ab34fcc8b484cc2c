// The files of one sandbox for another, sharing their blocks where the file
// system can.
#pragma once

#include <string>

#include "runner/archive/tree_work.hpp"

namespace varve::runner {

// Everything below the directory `from` into `to`, which is there and empty,
// and its own attributes. Ids counted from `from_base` become those counted
// from `to_base`. Sockets are left out.
result<void> copy_tree(const std::string& from, std::uint32_t from_base,
                       const std::string& to, std::uint32_t to_base,
                       const work_limit& limit);

} // namespace varve::runner
