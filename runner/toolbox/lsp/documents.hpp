// The files that a language server was told are open. Their text is always
// that on disk: callers have no other way to change it. In the keeper.
#pragma once

#include <list>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/lsp/language_client.hpp"
#include "runner/toolbox/lsp/languages.hpp"

namespace varve::toolbox {

constexpr std::size_t source_file_limit = 4 << 20;

// "file:///a%20b" of an absolute path.
std::string file_uri(std::string_view path);
// The path that a caller means by "file:///a/x.py", "file://rel/x.py",
// "/a/x.py" or "rel/x.py": a relative one starts at the work directory, or at
// the project where only that has the file. Escapes count where the name as
// it is written does not exist. A problem: it is of another scheme.
outcome<std::string> path_in_uri(std::string_view uri,
                                 const std::string& workdir,
                                 const std::string& project);
// At most source_file_limit bytes.
outcome<std::string> read_source(const std::string& path);

class documents {
 public:
  static constexpr std::size_t most_open = 100;

  documents(language_client& server, const language& of)
      : server_{server}, language_{of} {
    // nop
  }

  // Opens it, or tells its text anew where the file has changed. The one
  // that was not used for longest makes room.
  outcome<void> open(const std::string& path);
  // The same for one that is open already, and only then.
  void refresh(const std::string& path);
  void close(const std::string& path);

  bool empty() const {
    return open_.empty();
  }

 private:
  struct document {
    std::string path;
    int version = 1;
    struct stat status {};
  };
  std::list<document>::iterator find(const std::string& path);
  void tell_close(const document& which);

  language_client& server_;
  const language& language_;
  std::list<document> open_; // used last: at the end
};

} // namespace varve::toolbox
