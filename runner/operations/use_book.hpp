// When each sandbox was last used from outside, as far as this runner was
// told. In memory: what it was not told since it began counts as used then.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "events/base/clock.hpp"

namespace varve::runner {

// Any thread.
class use_book {
 public:
  explicit use_book(timestamp begun) : begun_(begun) {
    // nop
  }

  void note(std::string_view sandbox_id, timestamp at) {
    std::lock_guard lock{guard_};
    auto found = last_.find(sandbox_id);
    if (found == last_.end())
      last_.emplace(sandbox_id, at);
    else
      found->second = std::max(found->second, at);
  }

  timestamp last(std::string_view sandbox_id) const {
    std::lock_guard lock{guard_};
    auto found = last_.find(sandbox_id);
    return found == last_.end() ? begun_ : std::max(begun_, found->second);
  }

  // Of one that does not run there is nothing to remember.
  void forget(std::string_view sandbox_id) {
    std::lock_guard lock{guard_};
    if (auto found = last_.find(sandbox_id); found != last_.end())
      last_.erase(found);
  }

 private:
  timestamp begun_;
  mutable std::mutex guard_;
  std::map<std::string, timestamp, std::less<>> last_;
};

} // namespace varve::runner
