// Who works on a sandbox's files: its own operations, and a fork while it
// copies them. One at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/cancellation.hpp"

namespace varve::runner {

// Any thread.
class file_locks {
 public:
  // Held for as long as it lives, which is not longer than the locks do.
  class hold {
   public:
    hold(file_locks& of, std::string id) : of_(&of), id_(std::move(id)) {
      // nop
    }
    hold(hold&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), id_(std::move(other.id_)) {
      // nop
    }
    hold& operator=(hold&&) = delete;
    ~hold() {
      if (of_ != nullptr)
        of_->release(id_);
    }

    // Readable once whoever holds it should let go.
    int wish() const {
      return of_->wish_for(id_);
    }

   private:
    file_locks* of_;
    std::string id_;
  };

  // timed_out when another holds it until then.
  result<hold> take(const std::string& id,
                    std::chrono::steady_clock::time_point until) {
    std::unique_lock lock{guard_};
    if (!changed_.wait_until(lock, until, [&] { return held_.count(id) == 0; }))
      return failure(errc::timed_out, "its files are being copied");
    held_[id] = std::make_unique<cancellation>();
    return hold{*this, id};
  }

  // Whoever holds it is asked to let go.
  void call_off(const std::string& id) {
    std::lock_guard lock{guard_};
    if (auto found = held_.find(id); found != held_.end())
      found->second->request();
  }

 private:
  void release(const std::string& id) {
    {
      std::lock_guard lock{guard_};
      held_.erase(id);
    }
    changed_.notify_all();
  }

  int wish_for(const std::string& id) {
    std::lock_guard lock{guard_};
    auto found = held_.find(id);
    return found == held_.end() ? -1 : found->second->descriptor();
  }

  std::mutex guard_;
  std::condition_variable changed_;
  std::map<std::string, std::unique_ptr<cancellation>> held_;
};

} // namespace varve::runner
