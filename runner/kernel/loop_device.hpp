// A file as a block device.
#pragma once

#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

struct loop_device {
  unique_fd fd;
  std::string path;
};

// Over `file`, opened to read and write. The kernel takes it down by itself
// once nobody has it open or mounted, however those ended. A lock on `file`
// holds for as long as the device does.
result<loop_device> attach_loop(int file);

// The device over the file at `path`; not_found when there is none.
result<loop_device> find_loop(const std::string& path);

// Names of files below `directory` that devices lie over.
result<std::string> list_loops_below(const std::string& directory);

} // namespace varve::runner
