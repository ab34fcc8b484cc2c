#include "runner/sandbox/mount_closer.hpp"

#include <utility>

namespace varve::runner {

void mount_closer::let_go(unique_fd mount) {
  if (!mount)
    return;
  {
    std::lock_guard lock{guard_};
    mounts_.push_back(std::move(mount));
    if (!worker_.joinable())
      worker_ = std::jthread{
          [this](const std::stop_token& stop) { close_all(stop); }};
  }
  changed_.notify_one();
}

void mount_closer::close_all(const std::stop_token& stop) {
  std::unique_lock lock{guard_};
  while (changed_.wait(lock, stop, [this] { return !mounts_.empty(); })) {
    auto mounts = std::exchange(mounts_, {});
    lock.unlock();
    mounts.clear();
    lock.lock();
  }
}

} // namespace varve::runner
