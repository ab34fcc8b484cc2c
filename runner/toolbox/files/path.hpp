// Paths of callers, and what their failures mean on the wire.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::files {

// Absolute: relative paths start at the sandbox's work directory.
std::string resolve(const guest& g, std::string_view path);

// 404, 403, 400, 507 or 500 with the code clients know; `path` as the caller
// wrote it.
problem file_problem(int error, std::string_view path);
problem invalid_path(std::string message);

// Makes the directories above `path`. 0, or errno.
int make_parents(const std::string& path, mode_t mode);
// Makes a directory and those above it; one that exists is fine.
int make_directories(const std::string& path, mode_t mode);

} // namespace varve::toolbox::files
