// The programs behind execute and code-run. All of this runs in the child, as
// the sandbox's user, and returns only when the program could not start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/toolbox/command.hpp"

namespace varve::toolbox {

// The shell reads the text from a memory file it alone has open, so neither
// its length nor its content matters, it shows in no process list, and the
// command's stdin stays empty.
start_failure start_shell(const command& c, std::string_view text);

// python3 and node read the code as their stdin and then find it empty.
start_failure start_python(const command& c, std::string_view code,
                           const std::vector<std::string>& arguments);
start_failure start_javascript(const command& c, std::string_view code,
                               const std::vector<std::string>& arguments);
// ts-node wants a file with the right name: c.scratch_file.
start_failure start_typescript(const command& c, std::string_view code,
                               const std::vector<std::string>& arguments);

} // namespace varve::toolbox
