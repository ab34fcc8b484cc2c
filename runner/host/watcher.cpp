#include "runner/host/watcher.hpp"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::uint64_t stop_key = 0;

result<void> add(int poll, int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  if (::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0)
    return last_error("epoll_ctl");
  return ok();
}

} // namespace

result<std::unique_ptr<watcher>> watcher::start(callback ended) {
  std::unique_ptr<watcher> out{new watcher(std::move(ended))};
  out->poll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  out->stop_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!out->poll_ || !out->stop_)
    return last_error("epoll");
  VARVE_CHECK(add(out->poll_.get(), out->stop_.get(), stop_key));
  out->thread_ = std::thread{[w = out.get()] { w->run(); }};
  return out;
}

watcher::~watcher() {
  if (!thread_.joinable())
    return;
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

result<void> watcher::watch(const std::string& sandbox_id, unique_fd pidfd) {
  std::lock_guard lock{guard_};
  if (auto old = keys_.find(sandbox_id); old != keys_.end())
    watched_.erase(old->second);
  auto key = next_key_++;
  auto fd = pidfd.get();
  keys_[sandbox_id] = key;
  watched_[key] = {sandbox_id, std::move(pidfd)};
  return add(poll_.get(), fd, key);
}

void watcher::forget(const std::string& sandbox_id) {
  std::lock_guard lock{guard_};
  auto found = keys_.find(sandbox_id);
  if (found == keys_.end())
    return;
  watched_.erase(found->second);
  keys_.erase(found);
}

void watcher::take(std::uint64_t key) {
  std::string id;
  {
    std::lock_guard lock{guard_};
    auto found = watched_.find(key);
    if (found == watched_.end())
      return;
    id = found->second.first;
    watched_.erase(found); // closes the descriptor, so epoll forgets it
    keys_.erase(id);
  }
  ended_(id);
}

void watcher::run() {
  for (;;) {
    epoll_event events[32];
    auto n = ::epoll_wait(poll_.get(), events, 32, -1);
    if (n < 0 && errno != EINTR)
      return;
    for (int i = 0; i < n; ++i) {
      if (events[i].data.u64 == stop_key)
        return;
      take(events[i].data.u64);
    }
  }
}

} // namespace varve::runner
