#include "gateway/server/listener.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "events/base/logging.hpp"
#include "gateway/server/socket_stream.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

using asio::ip::tcp;
using unix_protocol = asio::local::stream_protocol;

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds accept_pause{50};

constexpr std::string_view full_answer =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
    "Content-Length: 0\r\nConnection: close\r\n\r\n";

// Finds peers that vanished without a word, for streams that may be silent.
void watch_for_death(tcp::socket& socket) {
  constexpr int idle = 60;
  constexpr int interval = 15;
  constexpr int probes = 4;
  auto fd = socket.native_handle();
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string peer_of(const tcp::socket& socket) {
  boost::system::error_code failed;
  auto peer = socket.remote_endpoint(failed);
  return failed ? std::string{"unknown"} : peer.address().to_string();
}

std::string peer_of(const unix_protocol::socket&) {
  return "local";
}

void prepare(tcp::socket& socket) {
  watch_for_death(socket);
}

void prepare(unix_protocol::socket&) {
  // nop
}

template <class Protocol>
class listener_of final : public listener {
 public:
  using acceptor_type = typename Protocol::acceptor;
  using socket_type = typename Protocol::socket;

  listener_of(asio::io_context& runs_on, stream_registry& streams,
              acceptor_type acceptor, std::shared_ptr<asio::ssl::context> tls,
              std::string path)
      : runs_on_(runs_on), streams_(streams), acceptor_(std::move(acceptor)),
        tls_(std::move(tls)), path_(std::move(path)) {
    // nop
  }

  ~listener_of() override {
    if (!path_.empty())
      ::unlink(path_.c_str());
  }

  void serve(const serving& with) override {
    asio::co_spawn(acceptor_.get_executor(), accept_all(with), asio::detached);
  }

  void stop_accepting() override {
    asio::post(acceptor_.get_executor(), [this] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
    });
  }

  std::uint16_t port() const noexcept override {
    return port_of(acceptor_);
  }

  bool is_loopback() const noexcept override {
    return is_local(acceptor_);
  }

 private:
  static std::uint16_t port_of(const tcp::acceptor& a) noexcept {
    boost::system::error_code failed;
    auto at = a.local_endpoint(failed);
    return failed ? std::uint16_t{0} : at.port();
  }
  static std::uint16_t port_of(const unix_protocol::acceptor&) noexcept {
    return 0;
  }
  static bool is_local(const tcp::acceptor& a) noexcept {
    boost::system::error_code failed;
    auto at = a.local_endpoint(failed);
    return !failed && at.address().is_loopback();
  }
  static bool is_local(const unix_protocol::acceptor&) noexcept {
    return true;
  }

  awaitable<void> accept_all(const serving& with) {
    asio::steady_timer pause{acceptor_.get_executor()};
    while (acceptor_.is_open()) {
      auto [failed, socket] = co_await acceptor_.async_accept(
          asio::make_strand(runs_on_), as_values);
      if (failed == asio::error::operation_aborted || !acceptor_.is_open())
        break;
      if (failed) {
        // Out of descriptors, most likely: let some be given back.
        log_warning("gateway", "accept: " + failed.message());
        pause.expires_after(accept_pause);
        co_await pause.async_wait(as_values);
        continue;
      }
      try {
        admit(std::move(socket), with);
      } catch (const std::exception& e) {
        // One connection less; the next one may fare better.
        log_warning("gateway", std::string{"accept: "} + e.what());
      }
    }
  }

  void admit(socket_type socket, const serving& with) {
    if (streams_.size() >= with.bounds.streams) {
      boost::system::error_code ignored;
      socket.non_blocking(true, ignored);
      if (!tls_)
        socket.write_some(asio::buffer(full_answer), ignored);
      return;
    }
    prepare(socket);
    auto peer = peer_of(socket);
    auto executor = socket.get_executor();
    any_socket any{std::move(socket)};
    auto stream = tls_ ? make_tls_stream(streams_, std::move(any), tls_,
                                         with.bounds.header_time)
                       : make_plain_stream(streams_, std::move(any));
    asio::co_spawn(executor, serve_connection(stream, with, std::move(peer)),
                   asio::detached);
  }

  asio::io_context& runs_on_;
  stream_registry& streams_;
  acceptor_type acceptor_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::string path_;
};

result<tcp::endpoint> parse_address(const std::string& text) {
  auto colon = text.rfind(':');
  auto port = colon == std::string::npos
                  ? std::nullopt
                  : whole_number(std::string_view{text}.substr(colon + 1));
  if (!port || *port > UINT16_MAX)
    return failure(errc::invalid, "listen address must be host:port: " + text);
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  if (host == "localhost")
    host = "127.0.0.1";
  boost::system::error_code failed;
  auto address = asio::ip::make_address(host, failed);
  if (failed)
    return failure(errc::invalid,
                   "listen address must be numeric or localhost: " + text);
  return tcp::endpoint{address, static_cast<std::uint16_t>(*port)};
}

template <class Acceptor, class Endpoint>
result<void> open(Acceptor& acceptor, const Endpoint& at,
                  const std::string& name) {
  boost::system::error_code failed;
  acceptor.open(at.protocol(), failed);
  if (!failed)
    acceptor.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed)
    acceptor.bind(at, failed);
  if (!failed)
    acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed)
    return failure(errc::io, "listen on " + name + ": " + failed.message());
  return ok();
}

} // namespace

result<std::unique_ptr<listener>>
listener::on_tcp(asio::io_context& runs_on, stream_registry& streams,
                 const std::string& address,
                 std::shared_ptr<asio::ssl::context> tls) {
  VARVE_TRY(auto at, parse_address(address));
  tcp::acceptor acceptor{asio::make_strand(runs_on)};
  VARVE_CHECK(open(acceptor, at, address));
  return std::make_unique<listener_of<tcp>>(
      runs_on, streams, std::move(acceptor), std::move(tls), "");
}

result<std::unique_ptr<listener>> listener::on_unix(asio::io_context& runs_on,
                                                    stream_registry& streams,
                                                    const std::string& path) {
  unix_protocol::endpoint at;
  try {
    at = unix_protocol::endpoint{path};
  } catch (const boost::system::system_error&) {
    return failure(errc::invalid, "socket path is too long: " + path);
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode))
    ::unlink(path.c_str());
  unix_protocol::acceptor acceptor{asio::make_strand(runs_on)};
  // Born with the right mode: nobody else gets in between.
  auto before = ::umask(0177);
  auto opened = open(acceptor, at, path);
  ::umask(before);
  VARVE_CHECK(opened);
  return std::make_unique<listener_of<unix_protocol>>(
      runs_on, streams, std::move(acceptor), nullptr, path);
}

} // namespace varve::gateway
