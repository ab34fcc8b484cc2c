// Paths of files in a working tree, as callers name them.
#pragma once

#include <string>
#include <vector>

#include "runner/toolbox/git/handle.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::git {

// Relative to the top: "./a", "a//b" and "/top/a" are meant as git means
// them; "" is the top itself. Nothing outside of it.
outcome<std::string> path_within(const std::string& top,
                                 const std::string& path);

// A list of paths or patterns in the library's form.
class path_list {
 public:
  static outcome<path_list> make(git_repository* repo,
                                 const std::vector<std::string>& paths);

  path_list(path_list&&) = default;

  git_strarray all();
  const std::vector<std::string>& texts() const {
    return texts_;
  }
  // Refuses the list when one of them fits nothing in the index or the tree
  // (which may be null).
  outcome<void> check_each(git_repository* repo, git_tree* also) const;

 private:
  path_list() = default;

  std::vector<std::string> texts_; // "*" for the top
  std::vector<char*> pointers_;
};

problem fits_nothing(const std::string& path);
bool fits_index(git_index* in, const std::string& pattern);

} // namespace varve::toolbox::git
