#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "gateway/server/socket_stream.hpp"

namespace varve::gateway {

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

class tls_stream final : public byte_stream {
 public:
  tls_stream(stream_registry& registry, any_socket socket,
             std::shared_ptr<asio::ssl::context> context,
             std::chrono::milliseconds handshake_time)
      : byte_stream(registry), context_(std::move(context)),
        stream_(std::move(socket), *context_), handshake_time_(handshake_time) {
    // nop
  }

  awaitable<io_outcome> read_some(asio::mutable_buffer into,
                                  std::chrono::milliseconds limit) override {
    if (!has_shaken_hands_) {
      auto failure = co_await shake_hands();
      if (failure)
        co_return io_outcome{failure, 0};
    }
    pending mark{read_until_, limit};
    auto [failure, n] = co_await stream_.async_read_some(into, as_values);
    co_return io_outcome{failure, n};
  }

  awaitable<io_outcome> write(std::vector<asio::const_buffer> from,
                              std::chrono::milliseconds limit) override {
    pending mark{write_until_, limit};
    auto [failure, n] = co_await asio::async_write(stream_, from, as_values);
    co_return io_outcome{failure, n};
  }

  // Waits for the peer's close_notify, which well-behaved ones send at once.
  awaitable<void> end_writing() override {
    pending mark{write_until_, handshake_time_};
    co_await stream_.async_shutdown(as_values);
  }

  void close() noexcept override {
    boost::system::error_code ignored;
    stream_.next_layer().close(ignored);
  }

  bool peer_has_left() const noexcept override {
    return has_hung_up(const_cast<any_socket&>(stream_.next_layer())
                           .native_handle()); // only reads it
  }

  void run_on_strand(std::function<void()> what) override {
    asio::post(stream_.get_executor(), std::move(what));
  }

 private:
  awaitable<boost::system::error_code> shake_hands() {
    pending mark{read_until_, handshake_time_};
    auto [failure] = co_await stream_.async_handshake(
        asio::ssl::stream_base::server, as_values);
    has_shaken_hands_ = !failure;
    co_return failure;
  }

  std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<any_socket> stream_;
  std::chrono::milliseconds handshake_time_;
  bool has_shaken_hands_ = false;
};

} // namespace

result<std::shared_ptr<asio::ssl::context>>
load_certificate(const std::string& certificate_path,
                 const std::string& key_path) {
  using asio::ssl::context;
  auto out = std::make_shared<context>(context::tls_server);
  boost::system::error_code failed;
  out->set_options(context::default_workarounds | context::no_sslv2
                       | context::no_sslv3 | context::no_tlsv1
                       | context::no_tlsv1_1 | context::single_dh_use,
                   failed);
  if (!failed)
    out->use_certificate_chain_file(certificate_path, failed);
  if (failed)
    return failure(errc::invalid,
                   "certificate " + certificate_path + ": " + failed.message());
  out->use_private_key_file(key_path, context::pem, failed);
  if (failed)
    return failure(errc::invalid,
                   "private key " + key_path + ": " + failed.message());
  return out;
}

std::shared_ptr<byte_stream>
make_tls_stream(stream_registry& registry, any_socket socket,
                std::shared_ptr<asio::ssl::context> context,
                std::chrono::milliseconds handshake_time) {
  auto stream = std::make_shared<tls_stream>(
      registry, std::move(socket), std::move(context), handshake_time);
  registry.add(stream);
  return stream;
}

} // namespace varve::gateway
