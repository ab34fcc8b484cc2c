#include "runner/toolbox/lsp/project_files.hpp"

#include <algorithm>
#include <deque>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/files/tree.hpp"

namespace varve::toolbox {

namespace {

// What is looked at, whatever it is.
constexpr std::size_t most_entries = 200'000;

bool is_left_out(const std::string& name) {
  constexpr std::string_view packages[] = {"node_modules", "__pycache__",
                                           "site-packages", "venv"};
  return name.starts_with('.')
         || std::find(std::begin(packages), std::end(packages), name)
                != std::end(packages);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> out;
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return out;
  files::read_names(fd, out);
  ::close(fd);
  return out;
}

} // namespace

std::vector<std::string> source_files(const std::string& project,
                                      const language& of, std::size_t most) {
  std::vector<std::string> out;
  std::deque<std::string> folders{project};
  std::size_t seen = 0;
  while (!folders.empty()) {
    auto folder = std::move(folders.front());
    folders.pop_front();
    for (const auto& name : names_in(folder)) {
      if (out.size() >= most || ++seen > most_entries)
        return out;
      auto path = files::joined(folder, name);
      struct stat st {};
      if (::lstat(path.c_str(), &st) != 0)
        continue;
      if (S_ISDIR(st.st_mode) && !is_left_out(name))
        folders.push_back(path);
      else if (S_ISREG(st.st_mode) && is_source_of(of, name))
        out.push_back(path);
    }
  }
  return out;
}

} // namespace varve::toolbox
