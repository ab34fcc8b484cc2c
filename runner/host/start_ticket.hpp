// A start on its way to a worker. What ends the sandbox takes it back while
// no worker has it, or calls it off.
#pragma once

#include <atomic>

#include "runner/kernel/cancellation.hpp"

namespace varve::runner {

class start_ticket {
 public:
  // By the worker, first: whether the start is still wanted.
  bool take() noexcept {
    auto expected = place::queued;
    return place_.compare_exchange_strong(expected, place::taken);
  }

  // By the actor: whether it came before any worker; nobody takes it then.
  bool withdraw() noexcept {
    auto expected = place::queued;
    return place_.compare_exchange_strong(expected, place::withdrawn);
  }

  void call_off() noexcept {
    wish_.request();
  }
  int cancel() const noexcept {
    return wish_.descriptor();
  }

 private:
  enum class place { queued, taken, withdrawn };

  std::atomic<place> place_{place::queued};
  cancellation wish_;
};

} // namespace varve::runner
