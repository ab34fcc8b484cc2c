#pragma once

#include "actors/host/core.hpp"

namespace varve::host {

// Sleeps until the soonest deadline in the store is due, then tells whose it
// is. CAF's delayed messages cannot be taken back: each sleep has a generation
// and only the newest counts.
class timers_state {
 public:
  static inline const char* name = "timers";

  void begin(timers_handle self, core_ptr shared);
  void take(const alarm& rung);
  void rearm();

 private:
  void sleep(std::chrono::milliseconds at_least);

  timers_handle self_;
  core_ptr core_;
  std::uint64_t generation_ = 0;
};

// Blocks on the store: spawn it detached.
timers_handle::behavior_type
timers(timers_handle::stateful_pointer<timers_state> self, core_ptr shared);

// Once a second: dates what is in flight, ends idle aggregates, has owed
// operations sent again.
class housekeeper_state {
 public:
  static inline const char* name = "housekeeper";

  void begin(housekeeper_handle self, core_ptr shared);
  void tick();

 private:
  housekeeper_handle self_;
  core_ptr core_;
  std::uint64_t now_ = 0;
};

housekeeper_handle::behavior_type
housekeeper(housekeeper_handle::stateful_pointer<housekeeper_state> self,
            core_ptr shared);

} // namespace varve::host
