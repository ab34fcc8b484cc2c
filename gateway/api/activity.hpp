// When each sandbox was last used, as far as this gateway saw. In memory only:
// what idleness means is decided by the runner, which is told.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/base/clock.hpp"

namespace varve::gateway {

// Any thread. Keeps the newest `capacity` entries or so.
class activity {
 public:
  // `tell` hears of every use, under no lock of ours.
  using listener = std::function<void(const std::string&, timestamp)>;

  explicit activity(listener tell = {}, std::size_t capacity = 100'000)
      : tell_(std::move(tell)), capacity_(capacity) {
    // nop
  }

  void touch(const std::string& sandbox_id, timestamp at) {
    {
      std::lock_guard lock{mutex_};
      auto& last = last_[sandbox_id];
      last = std::max(last, at);
      if (last_.size() > capacity_)
        drop_older_half();
    }
    if (tell_)
      tell_(sandbox_id, at);
  }

  // 0 = never seen.
  timestamp last(const std::string& sandbox_id) const {
    std::lock_guard lock{mutex_};
    auto found = last_.find(sandbox_id);
    return found == last_.end() ? 0 : found->second;
  }

  void forget(const std::string& sandbox_id) {
    std::lock_guard lock{mutex_};
    last_.erase(sandbox_id);
  }

 private:
  void drop_older_half() {
    std::vector<timestamp> times;
    times.reserve(last_.size());
    for (const auto& [id, at] : last_)
      times.push_back(at);
    auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    std::erase_if(last_, [m = *middle](const auto& e) { return e.second < m; });
  }

  listener tell_;
  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, timestamp> last_;
};

} // namespace varve::gateway
