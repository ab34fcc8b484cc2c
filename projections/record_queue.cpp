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
      auto size = r->frame().size();
      if (held_.size() < max_records && held_bytes_ + size <= max_bytes) {
        held_.push_back(r);
        held_bytes_ += size;
        continue;
      }
      auto at = r->at();
      dropped_[at.partition] = std::max(dropped_[at.partition], at.index + 1);
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

record_queue::places record_queue::dropped() const {
  std::lock_guard lock{mutex_};
  return dropped_;
}

void record_queue::wake() {
  {
    std::lock_guard lock{mutex_};
    woken_ = true;
  }
  arrived_.notify_one();
}

} // namespace varve::projections
