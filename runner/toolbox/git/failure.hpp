// What a failure of libgit2 means on the wire.
#pragma once

#include <string>
#include <string_view>

#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::git {

problem repository_not_found(std::string_view what);
problem branch_not_found(std::string_view name);
problem branch_exists(std::string_view name);
problem dirty_worktree(std::string_view what);
problem merge_conflict(std::string_view what);
problem authentication_failed(std::string_view what);
problem transport_failed(std::string_view what);
problem push_rejected(std::string_view what);
problem remote_rejected(std::string_view what);
problem no_commits();

// By git_error_code, git_error_t and the library's own words, which are all
// there is to tell an HTTP 404 from a 403.
problem problem_of(int code, int category, std::string_view message);
// Of the call that has just failed with this code.
problem last_problem(int code);

// For calls that answer below 0 when they failed; the value otherwise.
outcome<int> checked(int code);

} // namespace varve::toolbox::git
