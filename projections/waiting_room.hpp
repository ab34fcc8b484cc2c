// Those who wait for the read models to get somewhere, and the one thread that
// sends them away when they have waited long enough.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "events/record.hpp"

namespace varve::projections {

// Any thread. Everybody who was let in is called exactly once, never under a
// lock.
class waiting_room {
 public:
  enum class news { met, late, closing };
  using callback = std::function<void(news)>;

  explicit waiting_room(std::size_t capacity);
  // Calls all who still wait with `closing`.
  ~waiting_room();
  waiting_room(const waiting_room&) = delete;
  waiting_room& operator=(const waiting_room&) = delete;

  // False, and no call, when the room is full or closed.
  bool wait_for_position(log::position at, std::chrono::milliseconds patience,
                         callback done);
  // Until somebody says that this sandbox has settled.
  bool wait_for_sandbox(std::string_view sandbox,
                        std::chrono::milliseconds patience, callback done);

  // All records below `next` are applied, of one partition or of each.
  void reached(std::uint16_t partition, std::uint64_t next);
  using places = std::array<std::uint64_t, log::partition_count>;
  void reached(const places& next);
  void settled(std::string_view sandbox);
  void settled_all();
  // Whether anybody waits for a sandbox: spares the projector's looking.
  bool has_sandbox_waiters();

  void close();

 private:
  using instant = std::chrono::steady_clock::time_point;
  using ticket = std::uint64_t;
  struct waiter {
    instant until;
    callback done;
    std::string sandbox; // empty: waits for `at`
    log::position at;
  };
  using waiters = std::vector<callback>;

  bool admit(waiter w, std::chrono::milliseconds patience);
  // Both with the mutex held: takes one, or all that have been reached, off
  // all lists.
  callback remove(ticket t);
  void remove_reached(std::uint16_t partition, std::uint64_t next,
                      waiters& them);
  void run_timers();
  static void call(waiters& them, news what);

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable sooner_;
  ticket last_ = 0;
  std::unordered_map<ticket, waiter> present_;
  std::multimap<instant, ticket> by_time_;
  std::array<std::multimap<std::uint64_t, ticket>, log::partition_count>
      by_index_;
  std::unordered_multimap<std::string, ticket> by_sandbox_;
  bool closed_ = false;
  std::thread timer_;
};

} // namespace varve::projections
