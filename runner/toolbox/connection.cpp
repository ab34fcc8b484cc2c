#include "runner/toolbox/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

#include "runner/toolbox/claim.hpp"
#include "runner/toolbox/sessions/session_table.hpp"
#include "runner/toolbox/websocket.hpp"
#include "runner/toolbox/work.hpp"

namespace varve::toolbox {

// GCC 12 destroys aggregates made with braces inside a co_await expression
// twice: whatever is passed to a coroutine here is made by a function or has
// a name.
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using local = asio::local::stream_protocol;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

constexpr auto idle_time = std::chrono::minutes{5};
constexpr auto transfer_time = std::chrono::minutes{2}; // of one buffer
constexpr std::uint32_t header_limit = 32 << 10;
constexpr std::size_t drain_limit = 64 << 20;

// Counts for as long as it lives.
class counted {
 public:
  explicit counted(unsigned& counter) : counter_{counter} {
    ++counter_;
  }
  counted(const counted&) = delete;
  ~counted() {
    --counter_;
  }

 private:
  unsigned& counter_;
};

} // namespace

connection::connection(runtime& rt, server_load& load, server_limits limits,
                       local::socket socket)
    : rt_{rt}, load_{load}, limits_{limits}, stream_{std::move(socket)} {
  ++load_.connections;
}

connection::~connection() {
  --load_.connections;
}

awaitable<void> connection::serve() {
  try {
    while (co_await serve_one()) {
      // nop
    }
  } catch (const std::exception&) {
    // Out of memory, or a bug in one request: it ends this connection only.
  }
  error_code ignored;
  stream_.socket().shutdown(local::socket::shutdown_both, ignored);
}

awaitable<bool> connection::serve_one() {
  parser_.emplace();
  parser_->header_limit(header_limit);
  parser_->body_limit(boost::none);
  stream_.expires_after(idle_time);
  auto [ec, n] =
      co_await http::async_read_header(stream_, buffer_, *parser_, no_throw);
  if (ec)
    co_return co_await refuse_malformed(ec);
  counted here{load_.requests};
  request_ = {};
  request_.keep_alive = parser_->keep_alive();
  if (!take_request())
    co_return co_await respond(bad_request("the request target is malformed"));
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")
      && !co_await write("HTTP/1.1 100 Continue\r\n\r\n"))
    co_return false;
  bool more = co_await dispatch();
  // What a large body needed is not kept for an idle connection.
  buffer_.shrink_to_fit();
  co_return more&& request_.keep_alive;
}

bool connection::take_request() {
  const auto& head = parser_->get();
  auto text = [&](http::field name) { return std::string{head[name]}; };
  request_.method = std::string{head.method_string()};
  request_.content_type = text(http::field::content_type);
  request_.range = text(http::field::range);
  request_.if_range = text(http::field::if_range);
  request_.sdk_version = std::string{head["X-Daytona-SDK-Version"]};
  request_.wants_split = head["X-Daytona-Split-Output"] == "true";
  take_upgrade();
  return parse_target({head.target().data(), head.target().size()}, request_);
}

void connection::take_upgrade() {
  const auto& head = parser_->get();
  auto key = head[http::field::sec_websocket_key];
  if (!parser_->upgrade()
      || !beast::iequals(head[http::field::upgrade], "websocket")
      || head[http::field::sec_websocket_version] != "13"
      || request_.method != "GET" || !is_ws_key({key.data(), key.size()}))
    return;
  request_.websocket_key = std::string{key};
  request_.subprotocols =
      std::string{head[http::field::sec_websocket_protocol]};
}

awaitable<bool> connection::refuse_malformed(error_code why) {
  if (why.category()
          != http::make_error_code(http::error::bad_method).category()
      || why == http::error::end_of_stream
      || why == http::error::partial_message)
    co_return false; // the client is gone or silent
  request_ = {};
  request_.keep_alive = false;
  problem p = bad_request("malformed HTTP: " + why.message());
  if (why == http::error::header_limit)
    p = {431, "REQUEST_HEADER_TOO_LARGE", "the request's header is too large"};
  auto what = problem_response(p, request_);
  co_await write(response_head(what.status, what.content_type, what.headers,
                               what.body.size(), false)
                 + what.body);
  co_return false;
}

awaitable<bool> connection::dispatch() {
  if (rt_.is_ending) {
    request_.keep_alive = false;
    co_return co_await respond(too_busy("the sandbox is stopping"));
  }
  if (is_unclaimed(rt_.sandbox) && request_.path != claim_path)
    co_return co_await respond(too_busy("the sandbox is nobody's yet"));
  auto where = find_route(request_.method, request_.path);
  switch (where.kind) {
  case duty::answer:
    co_return co_await respond(where.answer(rt_.sandbox));
  case duty::execute:
  case duty::code_run:
    co_return co_await serve_command(where.kind);
  case duty::errand:
    co_return co_await serve_errand(where);
  case duty::git:
    co_return co_await serve_repository(where.errand);
  case duty::session:
    co_return co_await serve_session();
  case duty::terminal:
    co_return co_await serve_terminal();
  case duty::language:
    co_return co_await serve_languages();
  case duty::setting: {
    bool waited = is_unclaimed(rt_.sandbox);
    bool more = co_await serve_setting(where);
    if (waited && !is_unclaimed(rt_.sandbox))
      rt_.sessions->start_entrypoint();
    co_return more;
  }
  case duty::process:
    co_return co_await serve_process();
  case duty::interpreter:
    co_return co_await serve_interpreter();
  case duty::work:
    co_return co_await respond(describe_work(rt_));
  case duty::not_built:
    co_return co_await respond(not_built(where.feature));
  case duty::unknown:
    break;
  }
  co_return co_await respond(unknown_path());
}

awaitable<bool> connection::write(std::string_view bytes) {
  stream_.expires_after(transfer_time);
  auto [ec, n] = co_await asio::async_write(
      stream_, asio::buffer(bytes.data(), bytes.size()), no_throw);
  stream_.expires_never();
  co_return !ec;
}

awaitable<std::optional<std::size_t>> connection::read_body(char* out,
                                                            std::size_t size) {
  while (!is_broken_ && !parser_->is_done()) {
    auto& body = parser_->get().body();
    body.data = out;
    body.size = size;
    stream_.expires_after(transfer_time);
    auto [ec, n] =
        co_await http::async_read_some(stream_, buffer_, *parser_, no_throw);
    stream_.expires_never();
    // A further read would wait for bytes that no longer come.
    is_broken_ = ec && ec != http::error::need_buffer;
    if (!is_broken_ && size > body.size)
      co_return size - body.size;
  }
  if (is_broken_)
    co_return std::nullopt;
  co_return 0;
}

awaitable<outcome<std::string>>
connection::read_whole_body(std::size_t limit, budget_share& share) {
  std::string out;
  std::string part(16 << 10, '\0');
  for (;;) {
    auto n = co_await read_body(part.data(), part.size());
    if (!n)
      co_return bad_request("the request's body is incomplete");
    if (*n == 0)
      co_return std::move(out);
    if (out.size() + *n > limit)
      co_return too_large("the request's body is larger than "
                          + std::to_string(limit) + " bytes");
    if (!share.take(*n))
      co_return too_busy("too much is held in memory for other requests");
    out.append(part, 0, *n);
  }
}

// So that a client which still sends can read its answer.
awaitable<bool> connection::drain_body() {
  if (parser_->is_done())
    co_return true;
  std::vector<char> part(exchange::buffer_size);
  for (std::size_t total = 0; total < drain_limit;) {
    auto n = co_await read_body(part.data(), part.size());
    if (!n)
      co_return false;
    if (*n == 0)
      co_return true;
    total += *n;
  }
  request_.keep_alive = false;
  co_return true;
}

awaitable<bool> connection::respond(response what) {
  if (!co_await drain_body())
    co_return false;
  auto text = response_head(what.status, what.content_type, what.headers,
                            what.body.size(), request_.keep_alive);
  if (request_.method != "HEAD")
    text += what.body;
  co_return co_await write(text);
}

awaitable<bool> connection::respond(problem p) {
  co_return co_await respond(problem_response(p, request_));
}

} // namespace varve::toolbox
