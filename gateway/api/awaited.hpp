// Turns a port's callback into something a coroutine waits for, with a limit.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace varve::gateway {

// Shared by the waiting coroutine and the callback, which may come on any
// thread, at once, late or after the gateway is gone.
template <class T>
class awaited_value : public std::enable_shared_from_this<awaited_value<T>> {
 public:
  explicit awaited_value(boost::asio::steady_timer& alarm) : alarm_(&alarm) {
    // nop
  }

  void deliver(T value) {
    std::lock_guard lock{mutex_};
    if (!alarm_ || value_)
      return;
    value_.emplace(std::move(value));
    // Holding the lock keeps the waiter, and so the timer, alive until the
    // task is queued; the task runs before the waiter's executor can end.
    boost::asio::post(alarm_->get_executor(),
                      [self = this->shared_from_this()] { self->wake(); });
  }

  std::optional<T> take_and_close() {
    std::lock_guard lock{mutex_};
    alarm_ = nullptr;
    return std::move(value_);
  }

  bool has_value() {
    std::lock_guard lock{mutex_};
    return value_.has_value();
  }

 private:
  void wake() {
    std::lock_guard lock{mutex_};
    if (alarm_)
      alarm_->cancel();
  }

  std::mutex mutex_;
  std::optional<T> value_;
  boost::asio::steady_timer* alarm_;
};

// `start` is given the callback. Nothing when the limit passed first.
template <class T>
boost::asio::awaitable<std::optional<T>>
await_callback(std::function<void(std::function<void(T)>)> start,
               std::chrono::milliseconds limit) {
  boost::asio::steady_timer alarm{co_await boost::asio::this_coro::executor,
                                  limit};
  auto shared = std::make_shared<awaited_value<T>>(alarm);
  // Also when this frame is destroyed while it waits.
  struct closing {
    std::shared_ptr<awaited_value<T>> value;
    ~closing() {
      value->take_and_close();
    }
  } guard{shared};
  start([shared](T value) { shared->deliver(std::move(value)); });
  if (!shared->has_value())
    co_await alarm.async_wait(
        boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return shared->take_and_close();
}

} // namespace varve::gateway
