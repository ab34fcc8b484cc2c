// A log that is read while it grows: its writer is held back for who is slow,
// as by a terminal, though not for long.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "runner/toolbox/sessions/command_log.hpp"
#include "runner/toolbox/wakeup.hpp"

namespace varve::toolbox {

struct log_follower {
  static constexpr std::uint64_t lag_limit = 1 << 20;
  static constexpr auto patience = std::chrono::seconds{10};

  std::uint64_t read = 0; // plain offset
  std::chrono::steady_clock::time_point moved;

  void reach(std::uint64_t offset);
};

struct followed_log {
  followed_log(log_space& space, std::size_t limit) : log{space, limit} {
    // nop
  }

  command_log log;
  wakeup_list changed; // the log grew or its writer ended
  std::vector<log_follower*> followers;

  // Whether a follower shall catch up before more is read.
  bool is_held() const;
};

// A place among a log's followers for as long as it lives.
class following {
 public:
  following(followed_log& of, wakeup& changed, std::uint64_t offset)
      : of_{of}, place_{of.changed, changed} {
    self_.reach(offset);
    of_.followers.push_back(&self_);
  }
  following(const following&) = delete;
  ~following() {
    std::erase(of_.followers, &self_);
  }

  void reach(std::uint64_t offset) {
    self_.reach(offset);
  }

 private:
  followed_log& of_;
  wakeup_list::place place_;
  log_follower self_;
};

} // namespace varve::toolbox
