// Which shell runs a caller's command.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace varve::toolbox {

using path_check = std::function<bool(const std::string&)>;

// zsh or bash where /etc/shells lists it, else a POSIX shell that `wanted`
// ($SHELL) names, else sh by PATH. Empty when the image has none.
std::string choose_shell(std::string_view etc_shells, std::string_view wanted,
                         std::string_view path,
                         const path_check& is_executable);

// The same for the running root file system, as the current user.
std::string image_shell(const std::vector<std::string>& environment);

} // namespace varve::toolbox
