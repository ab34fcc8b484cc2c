#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "gateway/server/socket_stream.hpp"

namespace varve::gateway {

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

class plain_stream final : public byte_stream {
 public:
  plain_stream(stream_registry& registry, any_socket socket)
      : byte_stream(registry), socket_(std::move(socket)) {
    // nop
  }

  awaitable<io_outcome> read_some(asio::mutable_buffer into,
                                  std::chrono::milliseconds limit) override {
    pending mark{read_until_, limit};
    auto [failure, n] = co_await socket_.async_read_some(into, as_values);
    co_return io_outcome{failure, n};
  }

  awaitable<io_outcome> write(std::vector<asio::const_buffer> from,
                              std::chrono::milliseconds limit) override {
    pending mark{write_until_, limit};
    auto [failure, n] = co_await asio::async_write(socket_, from, as_values);
    co_return io_outcome{failure, n};
  }

  awaitable<void> end_writing() override {
    boost::system::error_code ignored; // the peer may be gone already
    socket_.shutdown(any_socket::shutdown_send, ignored);
    co_return;
  }

  void close() noexcept override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  bool peer_has_left() const noexcept override {
    return has_hung_up(
        const_cast<any_socket&>(socket_).native_handle()); // only reads it
  }

  void run_on_strand(std::function<void()> what) override {
    asio::post(socket_.get_executor(), std::move(what));
  }

 private:
  any_socket socket_;
};

} // namespace

bool has_hung_up(int descriptor) noexcept {
  pollfd look{descriptor, POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0
         && (look.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

std::shared_ptr<byte_stream> make_plain_stream(stream_registry& registry,
                                               any_socket socket) {
  auto stream = std::make_shared<plain_stream>(registry, std::move(socket));
  registry.add(stream);
  return stream;
}

result<std::shared_ptr<byte_stream>>
adopt_unix_stream(stream_registry& registry, asio::any_io_executor executor,
                  int descriptor) {
  asio::local::stream_protocol::socket socket{executor};
  boost::system::error_code failed;
  socket.assign(asio::local::stream_protocol{}, descriptor, failed);
  if (failed) {
    ::close(descriptor);
    return failure(errc::io, "guest socket: " + failed.message());
  }
  return make_plain_stream(registry, any_socket{std::move(socket)});
}

} // namespace varve::gateway
