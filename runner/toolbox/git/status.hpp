// The words clients know for the state of a file.
#pragma once

namespace varve::toolbox::git {

struct status_words {
  const char* staging;
  const char* worktree;
};

// Of a git_status_t.
status_words words_of(unsigned flags);

} // namespace varve::toolbox::git
