// Where what a sandbox has written lies. Sandboxes whose disk is an image file
// have it in a file system that is mounted nowhere; ask here, and build no
// path of your own.
//
//   <root>/upper, work   its layer over the image
//          etc/          hosts, hostname, resolv.conf, which it may write to
//          spare/        what is given up to start a sandbox with a full disk
#pragma once

#include <chrono>
#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/sandbox/disk_method.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

class writable_layer {
 public:
  // not_found when the sandbox has no files. It may run: what is read then is
  // what it has written so far.
  static result<writable_layer> open(const layout& where,
                                     const std::string& id);

  // For whoever makes or starts the sandbox. An image that is mounted already
  // comes as `mount`; else it is mounted, unless it stays too_busy.
  static result<writable_layer> prepare(const layout& where,
                                        const std::string& id,
                                        disk_method method,
                                        unique_fd mount = {});

  // The overlay's upper directory. A path for this process and for programs
  // it starts as root, valid for as long as this object lives; what lies there
  // is limited like everything the sandbox writes, so it may be full.
  std::string upper() const {
    return root_ + "/upper";
  }
  const std::string& root() const noexcept {
    return root_;
  }
  disk_method method() const noexcept {
    return method_;
  }
  // -1 where the root is a directory of the host's.
  int mount() const noexcept {
    return mount_.get();
  }

 private:
  writable_layer() = default;

  std::string root_;
  disk_method method_ = disk_method::none;
  unique_fd mount_;
};

// The root as a process finds it that has the image mounted at `mount_point`.
std::string layer_root(const layout& where, const std::string& id,
                       disk_method method, const std::string& mount_point);

// The image of a sandbox that has one.
std::string image_path(const layout& where, const std::string& id);

} // namespace varve::runner
