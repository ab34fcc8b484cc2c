#include "gateway/push/push_client.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gateway/push/socket_packet.hpp"
#include "gateway/push/websocket_frame.hpp"

namespace varve::gateway {

namespace {

using std::chrono::milliseconds;

// Some hundred sandboxes' worth.
constexpr std::size_t most_waiting = 256 * 1024;
// Of all that waits at once.
constexpr milliseconds write_time{20'000};

} // namespace

push_client::push_client(byte_stream& stream, asio::any_io_executor strand,
                         std::string base)
    : base_url(std::move(base)), stream_(stream.shared_from_this()),
      strand_(std::move(strand)), pinged_at_(steady_now()) {
  // nop
}

void push_client::send(std::string frame) {
  send(std::make_shared<const std::string>(std::move(frame)));
}

void push_client::send(shared_frame frame) {
  std::unique_lock lock{mutex_};
  if (!takes_more_)
    return;
  if (waiting_bytes_ + frame->size() > most_waiting) {
    takes_more_ = false;
    waiting_.clear();
    lock.unlock();
    return close_from_outside();
  }
  waiting_bytes_ += frame->size();
  waiting_.push_back(std::move(frame));
  if (std::exchange(is_writing_, true))
    return;
  lock.unlock();
  asio::co_spawn(strand_, write_all(shared_from_this()), asio::detached);
}

void push_client::ping_if_due(std::int64_t now, milliseconds interval) {
  static const auto ping = std::make_shared<const std::string>(
      frame_of(frame_kind::text, ping_packet));
  {
    std::lock_guard lock{mutex_};
    if (now - pinged_at_ < interval.count())
      return;
    pinged_at_ = now;
  }
  send(ping);
}

void push_client::close_from_outside() {
  stream_->close_from_outside();
}

std::vector<shared_frame> push_client::take_waiting() {
  std::lock_guard lock{mutex_};
  waiting_bytes_ = 0;
  is_writing_ = !waiting_.empty();
  return std::exchange(waiting_, {});
}

awaitable<void> push_client::write_all(std::shared_ptr<push_client> self) {
  for (auto frames = self->take_waiting(); !frames.empty();
       frames = self->take_waiting()) {
    std::vector<asio::const_buffer> parts;
    parts.reserve(frames.size());
    for (const auto& frame : frames)
      parts.push_back(asio::buffer(*frame));
    auto sent = co_await self->stream_->write(parts, write_time);
    if (sent.failure) {
      std::lock_guard lock{self->mutex_};
      self->takes_more_ = false;
      self->waiting_.clear();
    }
  }
  if (self->written_)
    self->written_->cancel();
}

awaitable<void> push_client::finish() {
  asio::steady_timer written{strand_, write_time};
  {
    std::lock_guard lock{mutex_};
    takes_more_ = false;
    if (!is_writing_)
      co_return;
  }
  written_ = &written;
  co_await written.async_wait(asio::as_tuple(asio::use_awaitable));
  written_ = nullptr;
}

} // namespace varve::gateway
