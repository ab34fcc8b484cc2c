// libgit2 in an errand's process: it lives and dies with one request.
#pragma once

#include <string>

#include "runner/toolbox/errand.hpp"
#include "runner/toolbox/git/failure.hpp"
#include "runner/toolbox/git/handle.hpp"

namespace varve::toolbox::git {

using work = outcome<response> (*)(exchange&);

// Makes the library ready, does the work within the time limit and answers
// with what it returns, unless it has answered by itself.
void serve(exchange& ex, work what);

// The repository whose top directory (or bare directory) this is: directories
// above are not searched.
outcome<repository> open_repository(exchange& ex, const std::string& path);
// That of the query parameter "path".
outcome<repository> open_queried(exchange& ex);

// "refs/heads/main", also when it has no commit yet; empty when detached.
outcome<std::string> head_branch(git_repository* repo);
// "main" of "refs/heads/main".
std::string short_name(std::string_view full);

outcome<response> done(int status);

} // namespace varve::toolbox::git
