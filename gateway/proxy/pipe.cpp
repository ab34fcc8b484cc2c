#include "gateway/proxy/pipe.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace varve::gateway {

using namespace asio::experimental::awaitable_operators;

namespace {

constexpr std::size_t piece_size = 64 * 1024;
constexpr std::chrono::seconds linger{10};

class pipe {
 public:
  pipe(pipe_ends ends, const limits& bounds, asio::any_io_executor executor)
      : ends_(std::move(ends)), bounds_(bounds),
        alarm_(executor, bounds.stream_idle_time) {
    // nop
  }

  awaitable<void> run() {
    co_await ((pass(ends_.client, ends_.guest, ends_.first_to_guest)
               && pass(ends_.guest, ends_.client, ends_.first_to_client))
              || time_is_over());
    ends_.client.close();
    ends_.guest.close();
  }

 private:
  awaitable<void> pass(byte_stream& from, byte_stream& to, std::string& first) {
    if (!first.empty()) {
      std::vector<asio::const_buffer> parts{asio::buffer(first)};
      co_await to.write(parts, bounds_.stream_write_time);
    }
    std::string piece(piece_size, '\0');
    for (;;) {
      auto got = co_await from.read_some(asio::buffer(piece),
                                         bounds_.stream_idle_time);
      if (got.failure)
        break;
      std::vector<asio::const_buffer> parts{
          asio::buffer(piece.data(), got.bytes)};
      auto sent = co_await to.write(parts, bounds_.stream_write_time);
      if (sent.failure)
        break;
    }
    alarm_.expires_after(linger);
    co_await to.end_writing();
  }

  // Set anew whenever a direction ends.
  awaitable<void> time_is_over() {
    constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
    for (;;) {
      auto [interrupted] = co_await alarm_.async_wait(as_values);
      if (!interrupted)
        co_return;
    }
  }

  pipe_ends ends_;
  const limits& bounds_;
  asio::steady_timer alarm_;
};

} // namespace

awaitable<void> pipe_until_closed(pipe_ends ends, const limits& bounds) {
  pipe p{std::move(ends), bounds, co_await asio::this_coro::executor};
  co_await p.run();
}

} // namespace varve::gateway
