// Walks what lies below a directory, in the order of names. Symlinks are
// never followed, and /proc, /sys and their like are not entered from above.
#pragma once

#include <string>
#include <vector>

#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::files {

struct tree_entry {
  int folder = -1;    // descriptor of the directory it is in
  std::string name;   // in that directory
  std::string shown;  // the path, beginning as the root was shown
  unsigned depth = 1; // 1: directly below the root
  bool is_folder = false;
};

class tree_visitor {
 public:
  virtual ~tree_visitor() = default;
  // False ends the walk.
  virtual bool visit(const tree_entry& entry) = 0;
};

constexpr unsigned deepest_tree = 400; // each level holds a descriptor

// Directories that cannot be read are left out, except the root itself.
// `shown` stands for `path` in what the caller sees.
outcome<void> walk_tree(const std::string& path, const std::string& shown,
                        unsigned max_depth, tree_visitor& visitor);

// "a" and "b" make "a/b", "/" and "b" make "/b", nothing and "b" make "b".
std::string joined(const std::string& folder, const std::string& name);

// The names in an open directory, sorted, without "." and "..". Takes the
// descriptor's position from its start. False: errno says why.
bool read_names(int folder, std::vector<std::string>& out);

} // namespace varve::toolbox::files
