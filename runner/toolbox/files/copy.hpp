#pragma once

#include <string>

namespace varve::toolbox::files {

// Moves by copying and removing, where rename(2) cannot: contents, modes,
// times and symlinks are kept. Only when all is copied is the source removed;
// a copy that failed is removed. 0, or errno (EEXIST: there was something).
int move_across(const std::string& from, const std::string& to);

} // namespace varve::toolbox::files
