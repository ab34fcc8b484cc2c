// How something that happened reaches the one coroutine that waits for it.
// One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace varve::toolbox {

class wakeup {
 public:
  explicit wakeup(boost::asio::io_context& io) : timer_{io} {
    // nop
  }

  void raise() {
    raised_ = true;
    timer_.cancel();
  }

  // Whether it was raised since the last wait that said so; false when not
  // in time.
  boost::asio::awaitable<bool> wait(std::chrono::steady_clock::duration limit) {
    constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);
    if (!raised_) {
      timer_.expires_after(limit);
      co_await timer_.async_wait(no_throw);
    }
    bool was = raised_;
    raised_ = false;
    co_return was;
  }

 private:
  boost::asio::steady_timer timer_;
  bool raised_ = false;
};

// Several that want to know of the same thing.
class wakeup_list {
 public:
  void raise() const {
    for (auto* one : all_)
      one->raise();
  }
  bool empty() const {
    return all_.empty();
  }

  // On the list for as long as it lives.
  class place {
   public:
    place(wakeup_list& list, wakeup& one) : list_{list}, one_{&one} {
      list_.all_.push_back(one_);
    }
    place(const place&) = delete;
    ~place() {
      auto& all = list_.all_;
      all.erase(std::find(all.begin(), all.end(), one_));
    }

   private:
    wakeup_list& list_;
    wakeup* one_;
  };

 private:
  std::vector<wakeup*> all_;
};

} // namespace varve::toolbox
