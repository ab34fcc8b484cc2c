// git's configuration files.
#pragma once

#include <string>

#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::git {

// In ~/.gitconfig, which is made when there is none.
outcome<void> set_global(const std::string& key, const std::string& value);

} // namespace varve::toolbox::git
