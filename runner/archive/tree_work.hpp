// What packing, unpacking and copying what a guest wrote have in common.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// When long work has to end.
struct work_limit {
  std::chrono::steady_clock::time_point deadline;
  // Readable once it should end; -1 = none.
  std::array<int, 2> cancels{-1, -1};

  // timed_out, shutting_down; asked for now and then.
  result<void> check() const;
};

// Directories nested deeper than this are refused: each is an open descriptor
// while what lies below it is worked on.
inline constexpr unsigned deepest_directory = 1024;

result<unique_fd> open_directory(int parent, const char* name);
// Without "." and "..", in no order.
result<std::vector<std::string>> names_in(int directory);

// A part of a file that holds data.
struct extent {
  off_t begin = 0;
  off_t size = 0;
};
// The next one at or after `from`; nothing beyond the last.
result<std::optional<extent>> next_extent(int file, off_t from, off_t end);

// Names of files that have more than one, by file.
class link_names {
 public:
  // An earlier name of it. Else this one is kept, for as long as others are
  // to come.
  std::optional<std::string> earlier(const struct stat& file,
                                     const std::string& name);

 private:
  struct known {
    std::string name;
    nlink_t left;
  };
  std::map<std::pair<dev_t, ino_t>, known> names_;
};

} // namespace varve::runner
