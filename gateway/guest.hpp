// The way into a running sandbox.
#pragma once

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
};

} // namespace varve
