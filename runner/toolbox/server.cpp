#include "runner/toolbox/server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "runner/toolbox/connection.hpp"

namespace varve::toolbox {

namespace asio = boost::asio;
using boost::system::error_code;
using local = asio::local::stream_protocol;

namespace {

constexpr auto accept_pause = std::chrono::milliseconds{50};

// Never blocks: the answer fits the buffer of a fresh socket.
void turn_away(local::socket& socket) {
  request none;
  none.keep_alive = false;
  auto what = problem_response(too_busy("too many connections"), none);
  auto text =
      response_head(what.status, what.content_type, {}, what.body.size(), false)
      + what.body;
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
}

} // namespace

struct server::impl {
  impl(runtime& rt, server_limits l) : rt_{rt}, limits{l}, acceptor{rt.io} {
    // nop
  }

  awaitable<void> accept_all();
  void start() {
    asio::co_spawn(rt_.io, accept_all(), asio::detached);
  }

  runtime& rt_;
  server_limits limits;
  server_load load;
  local::acceptor acceptor;
};

awaitable<void> server::impl::accept_all() {
  while (acceptor.is_open()) {
    local::socket socket{rt_.io};
    auto [ec] = co_await acceptor.async_accept(
        socket, asio::as_tuple(asio::use_awaitable));
    if (ec == asio::error::operation_aborted)
      co_return;
    if (ec) {
      // No descriptors are left: some will be given back.
      asio::steady_timer pause{rt_.io, accept_pause};
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    } else if (load.connections >= limits.connections) {
      turn_away(socket);
    } else {
      auto one =
          std::make_shared<connection>(rt_, load, limits, std::move(socket));
      asio::co_spawn(
          rt_.io, [one] { return one->serve(); }, asio::detached);
    }
  }
}

server::server(runtime& rt, server_limits limits)
    : impl_{std::make_unique<impl>(rt, limits)} {
  // nop
}

server::~server() = default;

result<void> server::listen_on(int fd) {
  error_code ec;
  impl_->acceptor.assign(local{}, fd, ec);
  if (ec)
    return failure(errc::io, "the socket descriptor: " + ec.message());
  impl_->start();
  return ok();
}

result<void> server::listen_at(const std::string& path) {
  error_code ec;
  ::unlink(path.c_str());
  auto& acceptor = impl_->acceptor;
  acceptor.open(local{}, ec);
  if (!ec)
    acceptor.bind(local::endpoint{path}, ec);
  if (!ec)
    acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec)
    return failure(errc::io, path + ": " + ec.message());
  impl_->start();
  return ok();
}

void server::stop_accepting() {
  error_code ignored;
  impl_->acceptor.close(ignored);
}

unsigned server::busy() const {
  return impl_->load.requests;
}

} // namespace varve::toolbox
