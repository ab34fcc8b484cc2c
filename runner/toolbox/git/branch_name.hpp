// Names of branches, and switching between them.
#pragma once

#include <string>

#include "runner/toolbox/git/handle.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::git {

outcome<std::string> checked_branch_name(const std::string& name);

// Makes the files those of a commit. Local changes stay, and nothing is
// touched where one would be lost: then it is a dirty worktree.
outcome<void> switch_files(git_repository* repo, const git_oid& to);
// The same for a directory that holds nothing of anybody's yet.
outcome<void> write_files(git_repository* repo, const git_oid& of);

// The commit that a branch, tag or id names.
outcome<git_oid> resolve_commit(git_repository* repo, const std::string& name);

} // namespace varve::toolbox::git
