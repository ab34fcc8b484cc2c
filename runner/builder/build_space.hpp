// Where an organization's builds keep their files: a file system of a fixed
// size in a file, so that a build that fills it fills nothing else. What
// earlier builds left there makes later ones quick, and is nobody else's. A
// file that bears ".busy" in its name is in use, or was when the machine
// stopped.
#pragma once

#include <cstdint>
#include <string>

#include "events/base/result.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

// One that is mounted. One thread; the caller sees to it that no other has
// the same.
class build_space {
 public:
  // `name` is the organization's and the place's. Makes it when it is missing
  // or of another owner or size.
  static result<build_space> open(const layout& where, const std::string& name,
                                  std::uint32_t owner, std::uint32_t gib);
  build_space(build_space&& other) noexcept;
  build_space& operator=(build_space&&) = delete;
  ~build_space(); // unmounts

  const std::string& path() const noexcept {
    return path_;
  }
  // The next build begins with an empty one.
  void discard() noexcept {
    discards_ = true;
  }
  // Little enough is left that the next build may want for it.
  bool is_nearly_full() const;

 private:
  build_space(std::string file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {
    // nop
  }

  std::string file_;
  std::string path_; // empty: moved from
  bool discards_ = false;
};

// Ends what a killed server left mounted, and removes spaces that were not
// used for a week.
void clear_build_spaces(const layout& where);

} // namespace varve::runner
