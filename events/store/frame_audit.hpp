// Reads a file in RocksDB's log format (WAL, MANIFEST) more strictly than
// RocksDB does. There, one altered byte in a frame's length or type can pass
// for the end of the file, and everything behind it, acknowledged or not, is
// dropped without a word.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace varve::log {

struct frame_damage {
  std::uint64_t offset = 0; // of the damaged frame
  std::string why;
  // What the damaged frame may have held, as far as it can be told.
  std::string content;
};

// Calls `take` for every whole entry, in order. A last write that was cut off
// is no damage.
std::optional<frame_damage>
audit_frames(std::string_view file,
             const std::function<void(std::string_view)>& take);

} // namespace varve::log
