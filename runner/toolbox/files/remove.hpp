#pragma once

#include <string>

namespace varve::toolbox::files {

// Removes a file, a symlink itself, or a directory with all that is in it. 0,
// or the errno of the first thing that could not be removed; the rest is
// removed all the same.
int remove_tree(const std::string& path);

} // namespace varve::toolbox::files
