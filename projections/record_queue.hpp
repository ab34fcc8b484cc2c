// Between the thread that commits and the projector's: never waits, never
// grows beyond its bound.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>
#include <vector>

#include "events/record.hpp"

namespace varve::projections {

// What is dropped for want of room is remembered by index only, so that its
// reader can fetch it from the store.
class record_queue {
 public:
  using places = std::array<std::uint64_t, log::partition_count>;

  void push(std::span<const log::record_ptr> records);
  // Waits until there is something, `patience` is over, or wake().
  std::vector<log::record_ptr> take(std::chrono::milliseconds patience);
  // The index after the newest record that was dropped; 0 = none.
  places dropped() const;

  void wake();

 private:
  static constexpr std::size_t max_records = 16'384;
  static constexpr std::size_t max_bytes = 64 * 1024 * 1024;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<log::record_ptr> held_;
  std::size_t held_bytes_ = 0;
  places dropped_{};
  bool woken_ = false;
};

} // namespace varve::projections
