// What the log itself says of a sandbox and of a command.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"
#include "events/record.hpp"

namespace varve {

// Any thread; blocks for a few reads of the local store.
class history {
 public:
  virtual ~history() = default;

  // Records that hold an event of this stream, oldest first, from `version`
  // on; none when it has no such version.
  virtual result<std::vector<log::record_ptr>>
  stream(std::string_view aggregate_id, std::uint64_t from_version,
         std::size_t limit) = 0;

  // That of an organization's command, for 24 h; null when it is not known.
  virtual result<log::record_ptr> command(std::string_view organization_id,
                                          std::string_view command_id) = 0;
};

} // namespace varve
