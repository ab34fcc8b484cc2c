// The sources of a project. In the keeper.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runner/toolbox/lsp/languages.hpp"

namespace varve::toolbox {

constexpr std::size_t most_project_files = 20'000;

// Paths of source files below `project`, at most `most`, those that lie
// deeper after others. Hidden directories and those of installed packages are
// left out, and symlinks are not followed.
std::vector<std::string> source_files(const std::string& project,
                                      const language& of, std::size_t most);

} // namespace varve::toolbox
