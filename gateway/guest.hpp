// The way into a running sandbox.
#pragma once

#include <string>
#include <string_view>

#include "events/base/clock.hpp"
#include "events/base/result.hpp"

namespace varve {

class guest {
 public:
  virtual ~guest() = default;

  // A connected stream socket on which the sandbox's toolbox serves HTTP; the
  // caller owns and closes it. Any thread; blocks a few milliseconds at most.
  // guest_unreachable when the sandbox does not run here or its toolbox does
  // not accept.
  virtual result<int> connect_toolbox(std::string_view sandbox_id) = 0;

  // The sandbox was used at that time, by whatever way. Any thread, at once.
  virtual void note_use(std::string_view sandbox_id, timestamp at) = 0;

  // What was said while an image was pulled for this snapshot or sandbox: at
  // most `most` bytes from byte `from` on, empty when that is all so far.
  // not_found when nothing was said. Reads a file.
  virtual result<std::string>
  read_image_log(std::string_view id, std::uint64_t from, std::size_t most) {
    (void)id;
    (void)from;
    (void)most;
    return failure(errc::not_found, "no such log");
  }
};

} // namespace varve
