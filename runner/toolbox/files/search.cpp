// GET /files/search: names that fit a shell pattern.
#include <sys/stat.h>

#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/found_list.hpp"
#include "runner/toolbox/files/glob.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/tree.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::files {

namespace {

class name_finder final : public tree_visitor {
 public:
  name_finder(found_list& out, const glob& pattern)
      : out_{out}, pattern_{pattern} {
    // nop
  }

  bool visit(const tree_entry& entry) override {
    return consider(entry.name, entry.shown);
  }

  bool consider(const std::string& name, const std::string& shown) {
    return pattern_.matches(name) ? out_.add(json_string(shown))
                                  : out_.goes_on();
  }

 private:
  found_list& out_;
  const glob& pattern_;
};

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return path;
}

} // namespace

void search(exchange& ex) {
  auto path = ex.required("path");
  auto text = ex.required("pattern");
  if (!path || !text)
    return ex.answer(path ? text.error() : path.error());
  auto pattern = glob::parse(text.value());
  if (!pattern)
    return ex.answer(bad_request("pattern is malformed: " + text.value()));
  auto root = without_slashes(path.value());
  auto full = resolve(ex.sandbox(), root);
  found_list out{ex, "{\"files\":["};
  name_finder finder{out, *pattern};
  struct stat st {};
  if (::lstat(full.c_str(), &st) == 0) {
    finder.consider(root.substr(root.rfind('/') + 1), root);
    // What is below a relative root is shown without "./".
    auto shown = root == "." ? std::string{} : root;
    // A root that is missing or unreadable holds nothing.
    [[maybe_unused]] auto walked = walk_tree(full, shown, deepest_tree, finder);
  }
  out.finish("]}");
}

} // namespace varve::toolbox::files
