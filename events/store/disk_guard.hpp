// Watches the room under a store and holds its reserve file.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "events/base/result.hpp"
#include "events/disk_state.hpp"

namespace varve::log {

using free_bytes_probe = std::function<result<std::uint64_t>()>;

// What the file system under `directory` has left for this process.
free_bytes_probe file_system_probe(std::string directory);

// Any thread.
class disk_guard {
 public:
  // `reserve_file` empty = keep none. Without a probe there is always room.
  disk_guard(disk_limits limits, free_bytes_probe probe,
             std::string reserve_file);

  // Gives the reserve up when free space is critical; once it is given up the
  // state stays critical until there is room for it again above `low`. A
  // probe that fails counts as full.
  disk_state look();

 private:
  bool hold_reserve();
  void release_reserve();
  disk_state judge(std::uint64_t free);

  disk_limits limits_;
  free_bytes_probe probe_;
  std::string reserve_file_;
  std::mutex mutex_;
  bool held_ = false;
};

} // namespace varve::log
