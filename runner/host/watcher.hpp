// Notices at once when PID 1 of a sandbox ends: one thread on their pidfds.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

class watcher {
 public:
  // `ended` is called on the watcher's thread, once for each watch.
  using callback = std::function<void(const std::string& sandbox_id)>;

  static result<std::unique_ptr<watcher>> start(callback ended);
  ~watcher();

  // Replaces an earlier watch of the same sandbox. Any thread.
  result<void> watch(const std::string& sandbox_id, unique_fd pidfd);
  // Any thread; nothing when it is not watched.
  void forget(const std::string& sandbox_id);

 private:
  explicit watcher(callback ended) : ended_(std::move(ended)) {
    // nop
  }
  void run();
  void take(std::uint64_t key);

  callback ended_;
  unique_fd poll_, stop_;
  std::mutex guard_; // of the maps
  std::uint64_t next_key_ = 1;
  std::map<std::uint64_t, std::pair<std::string, unique_fd>> watched_;
  std::map<std::string, std::uint64_t> keys_;
  std::thread thread_;
};

} // namespace varve::runner
