// GET /files and /files/info.
#include <cerrno>
#include <charconv>

#include <fcntl.h>

#include "runner/toolbox/files/file_info.hpp"
#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/found_list.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/tree.hpp"

namespace varve::toolbox::files {

namespace {

std::string base_name(std::string path) {
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return path == "/" ? path : path.substr(path.rfind('/') + 1);
}

// Entries that cannot be looked at (dangling symlinks) are left out.
class lister final : public tree_visitor {
 public:
  explicit lister(found_list& out) : out_{out} {
    // nop
  }

  bool visit(const tree_entry& entry) override {
    struct stat st {};
    if (::fstatat(entry.folder, entry.name.c_str(), &st, 0) != 0)
      return out_.goes_on();
    return out_.add(file_info(entry.name, entry.shown, st));
  }

 private:
  found_list& out_;
};

outcome<unsigned> wanted_depth(const request& rq) {
  auto text = query_value(rq, "depth");
  if (!text || text->empty())
    return 1u;
  unsigned depth = 0;
  auto end = text->data() + text->size();
  auto [rest, ec] = std::from_chars(text->data(), end, depth);
  if (ec != std::errc{} || rest != end || depth == 0)
    return bad_request("depth must be a whole number from 1");
  return depth;
}

} // namespace

void info(exchange& ex) {
  auto path = ex.required("path");
  if (!path)
    return ex.answer(path.error());
  auto full = resolve(ex.sandbox(), path.value());
  struct stat st {};
  if (::stat(full.c_str(), &st) != 0)
    return ex.answer(file_problem(errno, path.value()));
  ex.answer(json_response(200, file_info(base_name(full), full, st)));
}

void list(exchange& ex) {
  auto depth = wanted_depth(ex.request());
  if (!depth)
    return ex.answer(depth.error());
  std::string path{query_value(ex.request(), "path").value_or(".")};
  auto full = resolve(ex.sandbox(), path.empty() ? "." : path);
  struct stat st {};
  if (::stat(full.c_str(), &st) != 0)
    return ex.answer(file_problem(errno, path));
  if (!S_ISDIR(st.st_mode))
    return ex.answer(invalid_path("not a directory: " + path));
  if (::access(full.c_str(), R_OK | X_OK) != 0)
    return ex.answer(file_problem(errno, path));
  found_list out{ex, "["};
  lister each{out};
  // "/x/." is shown as what it is.
  auto shown = path.empty() || path == "." ? ex.sandbox().workdir : full;
  auto walked = walk_tree(full, shown, depth.value(), each);
  if (!walked)
    return ex.give_up(walked.error());
  out.finish("]");
}

} // namespace varve::toolbox::files
