#include "runner/toolbox/websocket_link.hpp"

#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>

namespace varve::toolbox {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr auto write_time = std::chrono::seconds{30};
constexpr auto farewell_time = std::chrono::seconds{1};
constexpr std::size_t replies_limit = 4096;

asio::io_context& context_of(websocket_link::socket& of) {
  return static_cast<asio::io_context&>(of.get_executor().context());
}

} // namespace

websocket_link::websocket_link(socket& on, std::shared_ptr<void> holder,
                               std::size_t limit)
    : socket_{on}, holder_{std::move(holder)}, reader_{limit}, changed_{
                                                                   context_of(
                                                                       on)} {
  // nop
}

void websocket_link::start(std::string first) {
  auto run = [self = shared_from_this(), first = std::move(first)] {
    return self->read_all(first);
  };
  asio::co_spawn(socket_.get_executor(), std::move(run), asio::detached);
}

asio::awaitable<void> websocket_link::read_all(std::string first) {
  auto self = shared_from_this();
  bool more = take(first);
  std::array<char, 16 << 10> buffer;
  while (more) {
    auto [ec, n] =
        co_await socket_.async_read_some(asio::buffer(buffer), no_throw);
    more = !ec && take({buffer.data(), n});
  }
  if (failed_ == 0)
    closed_ = true;
  receiver_ = nullptr;
  changed_.raise();
}

// False when nothing more is to be read.
bool websocket_link::take(std::string_view bytes) {
  std::vector<ws_message> messages;
  auto bad = reader_.feed(bytes, messages);
  for (auto& one : messages) {
    if (one.kind == ws_kind::close) {
      if (one.payload.size() >= 2)
        told_ = static_cast<unsigned char>(one.payload[0]) << 8
                | static_cast<unsigned char>(one.payload[1]);
      return false;
    }
    if (one.kind == ws_kind::ping) {
      // Who floods with pings and reads nothing gets no further answers.
      if (replies_.size() < replies_limit)
        replies_ += ws_frame(ws_kind::pong, one.payload);
      changed_.raise();
    } else if (one.kind != ws_kind::pong && receiver_ && failed_ == 0
               && !receiver_(std::move(one.payload))) {
      failed_ = ws_code::failed;
    }
  }
  if (bad)
    failed_ = *bad;
  return failed_ == 0;
}

asio::awaitable<bool> websocket_link::write(std::string bytes) {
  // Reading must go on meanwhile, so the limit closes the socket.
  asio::steady_timer limit{socket_.get_executor(), write_time};
  limit.async_wait([self = shared_from_this()](error_code ec) {
    error_code ignored;
    if (!ec)
      self->socket_.close(ignored);
  });
  auto [ec, n] =
      co_await asio::async_write(socket_, asio::buffer(bytes), no_throw);
  limit.cancel();
  co_return !ec;
}

asio::awaitable<bool> websocket_link::send(std::string frame) {
  if (closed_)
    co_return false;
  auto bytes = std::exchange(replies_, {});
  bytes += frame;
  if (bytes.empty())
    co_return true;
  bool written = co_await write(std::move(bytes));
  if (!written)
    closed_ = true;
  co_return written;
}

asio::awaitable<void> websocket_link::finish(unsigned code,
                                             std::string reason) {
  if (failed_ != 0) {
    code = failed_;
    reason.clear();
  } else if (closed_ && told_ != 1005) {
    code = ws_code::normal;
    reason.clear();
  }
  auto bytes = std::exchange(replies_, {});
  bytes += ws_close_frame(code, reason);
  bool written = co_await write(std::move(bytes));
  auto until = std::chrono::steady_clock::now() + farewell_time;
  while (written && !closed_ && failed_ == 0
         && std::chrono::steady_clock::now() < until)
    co_await changed_.wait(until - std::chrono::steady_clock::now());
  error_code ignored;
  socket_.shutdown(socket::shutdown_both, ignored);
}

} // namespace varve::toolbox
