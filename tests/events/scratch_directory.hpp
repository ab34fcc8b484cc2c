// A directory of a test's own, in memory where the system has such a place,
// removed with everything in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace varve::log::samples {

class scratch_directory {
 public:
  scratch_directory() {
    auto name =
        (std::filesystem::temp_directory_path() / "varve-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      std::abort();
    path_ = name;
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const noexcept {
    return path_;
  }

 private:
  std::string path_;
};

} // namespace varve::log::samples
