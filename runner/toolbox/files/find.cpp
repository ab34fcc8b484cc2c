// GET /files/find: lines of text files that contain a text.
#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/found_list.hpp"
#include "runner/toolbox/files/line_scanner.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/tree.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::files {

namespace {

class text_finder final : public tree_visitor {
 public:
  text_finder(found_list& out, std::string_view pattern)
      : out_{out}, pattern_{pattern}, buffer_(64 << 10) {
    // nop
  }

  bool visit(const tree_entry& entry) override {
    return out_.goes_on()
           && (entry.is_folder || scan(entry.folder, entry.name, entry.shown));
  }

  // False when no more is wanted.
  bool scan(int folder, const std::string& name, const std::string& shown) {
    int fd = ::openat(folder, name.c_str(),
                      O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st {};
    bool goes_on = true;
    if (fd >= 0 && ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
      goes_on = scan_file(fd, shown);
    if (fd >= 0)
      ::close(fd);
    return goes_on;
  }

 private:
  bool scan_file(int fd, const std::string& shown) {
    bool goes_on = true;
    line_scanner lines{[&](std::uint64_t number, std::string_view line) {
      if (line.find(pattern_) != std::string_view::npos)
        goes_on = report(shown, number, line);
      return goes_on;
    }};
    for (;;) {
      auto n = ::read(fd, buffer_.data(), buffer_.size());
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      if (!out_.goes_on())
        return false;
      if (!lines.feed({buffer_.data(), static_cast<std::size_t>(n)}))
        return goes_on;
    }
    lines.finish();
    return goes_on;
  }

  bool report(const std::string& shown, std::uint64_t number,
              std::string_view line) {
    return out_.add("{\"file\":" + json_string(shown)
                    + ",\"line\":" + std::to_string(number)
                    + ",\"content\":" + json_string(line) + "}");
  }

  found_list& out_;
  std::string_view pattern_;
  std::vector<char> buffer_;
};

} // namespace

void find(exchange& ex) {
  auto path = ex.required("path");
  auto pattern = ex.required("pattern");
  if (!path || !pattern)
    return ex.answer(path ? pattern.error() : path.error());
  auto full = resolve(ex.sandbox(), path.value());
  found_list out{ex, "["};
  text_finder finder{out, pattern.value()};
  struct stat st {};
  // A root that is missing or unreadable holds nothing.
  if (::stat(full.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) {
    [[maybe_unused]] auto walked =
        walk_tree(full, path.value() == "." ? std::string{} : path.value(),
                  deepest_tree, finder);
  } else {
    finder.scan(AT_FDCWD, full, path.value());
  }
  out.finish("]");
}

} // namespace varve::toolbox::files
