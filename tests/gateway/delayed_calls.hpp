// Calls functions on a thread of its own, now or later: what actors and
// projections do with the callbacks they are given.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace varve::test {

class delayed_calls {
 public:
  delayed_calls() : thread_([this] { run(); }) {
    // nop
  }

  ~delayed_calls() {
    {
      std::lock_guard lock{mutex_};
      is_over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void after(std::chrono::milliseconds delay, std::function<void()> what) {
    std::lock_guard lock{mutex_};
    due_.emplace(std::chrono::steady_clock::now() + delay, std::move(what));
    changed_.notify_all();
  }

 private:
  void run() {
    std::unique_lock lock{mutex_};
    while (!is_over_) {
      if (due_.empty()) {
        changed_.wait(lock);
      } else if (due_.begin()->first > std::chrono::steady_clock::now()) {
        changed_.wait_until(lock, due_.begin()->first);
      } else {
        auto what = std::move(due_.begin()->second);
        due_.erase(due_.begin());
        lock.unlock();
        what();
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>>
      due_;
  bool is_over_ = false;
  std::thread thread_;
};

} // namespace varve::test
