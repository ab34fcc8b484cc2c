#include "runner/host/worker_pool.hpp"

namespace varve::runner {

worker_pool::worker_pool(unsigned threads) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this] { work(); });
}

worker_pool::~worker_pool() {
  close();
}

void worker_pool::submit(task t) {
  {
    std::lock_guard lock{guard_};
    if (is_closed_)
      return;
    queue_.push_back(std::move(t));
  }
  changed_.notify_one();
}

void worker_pool::close() {
  {
    std::lock_guard lock{guard_};
    is_closed_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable())
      thread.join();
}

void worker_pool::work() {
  for (;;) {
    task next;
    {
      std::unique_lock lock{guard_};
      changed_.wait(lock, [this] { return is_closed_ || !queue_.empty(); });
      if (is_closed_)
        return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next();
  }
}

} // namespace varve::runner
