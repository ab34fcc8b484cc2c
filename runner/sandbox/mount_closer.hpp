// Lets mounts go without waiting for it: the end of the last one of a file
// system writes what it holds to the disk, which may be gigabytes.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// Any thread. The destructor waits for all of them.
class mount_closer {
 public:
  void let_go(unique_fd mount);

 private:
  void close_all(const std::stop_token& stop);

  std::mutex guard_; // of everything below
  std::condition_variable_any changed_;
  std::vector<unique_fd> mounts_;
  std::jthread worker_; // from the first one on
};

} // namespace varve::runner
