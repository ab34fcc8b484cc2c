// Where what a sandbox has written lies. Sandboxes whose disk is an image file
// have it in a file system that is mounted nowhere; ask here, and build no
// path of your own.
#pragma once

#include <string>

#include "events/base/result.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

class writable_layer {
 public:
  // not_found when the sandbox has no files. It may run: what is read then is
  // what it has written so far.
  static result<writable_layer> open(const layout& where,
                                     const std::string& id);

  // The overlay's upper directory. A path for this process and for programs
  // it starts as root, valid for as long as this object lives; what lies there
  // is limited like everything the sandbox writes, so it may be full.
  const std::string& upper() const noexcept {
    return upper_;
  }

 private:
  writable_layer() = default;

  std::string upper_;
};

} // namespace varve::runner
