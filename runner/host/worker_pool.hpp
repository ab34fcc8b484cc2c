// Threads for what blocks, so that no actor does. What is queued when the
// pool closes is dropped: it was never begun.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace varve::runner {

class worker_pool {
 public:
  using task = std::function<void()>;

  explicit worker_pool(unsigned threads);
  ~worker_pool(); // close()

  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  // Any thread; nothing happens once closed. A task must not throw.
  void submit(task t);

  // Waits for the tasks in work.
  void close();

 private:
  void work();

  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<task> queue_;
  bool is_closed_ = false;
  std::vector<std::thread> threads_;
};

} // namespace varve::runner
