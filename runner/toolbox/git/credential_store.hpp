// The files of git's credential helper "store".
#pragma once

#include <string>
#include <vector>

#include "runner/toolbox/guest.hpp"

namespace varve::toolbox::git {

constexpr std::size_t credential_file_limit = 1 << 20;

// Those that are read, the first is written to.
std::vector<std::string> credential_files(const guest& g);

} // namespace varve::toolbox::git
