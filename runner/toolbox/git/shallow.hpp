// Shallow clones, of which libgit2 1.5 knows nothing: the lines of the
// protocol that ask for and tell their boundary, the file that keeps it, and
// commits at the boundary that seem to have no parents.
//
// A fetch sends, before the first flush packet, "shallow <id>" for each commit
// of the boundary and "deepen <n>"; an answer to the latter begins with
// "shallow <id>" and "unshallow <id>" packets up to a flush.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <git2.h>

#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::git {

// Ids in hexadecimal digits.
using boundary = std::set<std::string>;

// Lines of the file; what is no id is left out.
boundary parse_boundary(std::string_view text);

outcome<boundary> read_boundary(git_repository* repo);
outcome<void> write_boundary(git_repository* repo, const boundary& b);
// From now on the library finds no parents of commits at the boundary.
outcome<void> end_history_at_boundary(git_repository* repo);

// A request for objects with the lines for a boundary and a depth (0: none).
std::string with_depth(std::string_view request, const boundary& b, int depth);

// Takes an answer in pieces and passes on all but the boundary's packets.
class depth_answer {
 public:
  explicit depth_answer(boundary& b) : boundary_{b} {
    // nop
  }

  // What of it is for the library.
  std::string take(std::string_view piece);

 private:
  bool take_packet();

  boundary& boundary_;
  std::string pending_;
  bool passes_all_ = false;
};

// What a fetch over HTTP knows of depth; outlives the transport.
struct shallow_fetch {
  int depth = 0; // 0: as deep as it goes
  boundary at;
};

// A git_transport_cb; `payload` is a shallow_fetch.
int make_shallow_transport(git_transport** out, git_remote* owner,
                           void* payload);

} // namespace varve::toolbox::git
