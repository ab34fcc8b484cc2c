// Where a branch is pushed to and pulled from.
#pragma once

#include <optional>
#include <string>

#include "runner/toolbox/git/handle.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::git {

struct upstream {
  std::string remote; // "origin"
  std::string branch; // "main"

  std::string name() const {
    return remote + "/" + branch;
  }
  std::string tracking() const {
    return "refs/remotes/" + name();
  }
};

// As configured for a branch ("refs/heads/main"); nullopt when it is not.
outcome<std::optional<upstream>> upstream_of(git_repository* repo,
                                             const std::string& branch);
outcome<void> set_upstream(git_repository* repo, const std::string& branch,
                           const upstream& to);

// The remote-tracking reference that shows what was published of a branch:
// its upstream's, else that of the same name at origin; empty when there is
// none.
std::string published_branch(git_repository* repo, const std::string& branch,
                             const std::optional<upstream>& up);

bool has_reference(git_repository* repo, const std::string& name);

} // namespace varve::toolbox::git
