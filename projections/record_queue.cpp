#include "projections/record_queue.hpp"

#include <algorithm>
#include <utility>

namespace varve::projections {

void record_queue::push(std::span<const log::record_ptr> records) {
  if (records.empty())
    return;
  {
    std::lock_guard lock{mutex_};
    for (const auto& r : records) {
      auto at = r->at();
      newest_[at.partition] = std::max(newest_[at.partition], at.index + 1);
      auto size = r->frame().size();
      if (held_.size() >= max_records || held_bytes_ + size > max_bytes)
        continue;
      held_.push_back(r);
      held_bytes_ += size;
    }
    woken_ = true;
  }
  arrived_.notify_one();
}

std::vector<log::record_ptr>
record_queue::take(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  arrived_.wait_for(lock, patience, [this] { return woken_; });
  woken_ = false;
  held_bytes_ = 0;
  return std::exchange(held_, {});
}

record_queue::places record_queue::newest() const {
  std::lock_guard lock{mutex_};
  return newest_;
}

void record_queue::wake() {
  {
    std::lock_guard lock{mutex_};
    woken_ = true;
  }
  arrived_.notify_one();
}

} // namespace varve::projections
