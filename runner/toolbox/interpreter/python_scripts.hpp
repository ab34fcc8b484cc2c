// The Python that the toolbox brings with it, part of the binary: an image
// needs no file of ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varve::toolbox {

extern const std::string_view charts_script;
extern const std::string_view pyplot_hook_script;
extern const std::string_view code_run_script;
extern const std::string_view worker_script;

// In a child: puts one of the last two, with what it needs, into a memory
// file of the process. False, with errno, when that fails.
bool place_script(std::string_view main);
// The arguments with which Python runs it; those of the script follow.
std::vector<std::string> script_arguments();

// python3, else python; empty when PATH has neither.
std::string find_python(std::string_view path);

} // namespace varve::toolbox
