#include "runner/toolbox/connection.hpp"

#include <csignal>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/toolbox/execute.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using local = asio::local::stream_protocol;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

constexpr auto idle_time = std::chrono::minutes{5};
constexpr auto transfer_time = std::chrono::minutes{2}; // of one buffer
constexpr auto errand_time = std::chrono::minutes{10};  // without a byte
constexpr auto turn_time = std::chrono::seconds{60};
constexpr auto exit_time = std::chrono::seconds{5};
constexpr std::uint32_t header_limit = 32 << 10;
constexpr std::size_t drain_limit = 64 << 20;
constexpr std::size_t whole_answer_limit = 64 << 10;

// Something that happens once and that one coroutine waits for.
class signal_once {
 public:
  explicit signal_once(asio::io_context& io) : timer_{io} {
    // nop
  }

  void raise() {
    raised_ = true;
    timer_.cancel();
  }

  // False when it did not happen in time.
  awaitable<bool> wait(std::chrono::steady_clock::duration limit) {
    if (!raised_) {
      timer_.expires_after(limit);
      co_await timer_.async_wait(no_throw);
    }
    co_return raised_;
  }

 private:
  asio::steady_timer timer_;
  bool raised_ = false;
};

// An errand's process. Killed when its connection gives up on it.
struct errand_process {
  explicit errand_process(asio::io_context& io) : ended{io} {
    // nop
  }

  void on_exit(int code) {
    exit_code = code;
    has_ended = true;
    ended.raise();
  }
  void kill() const {
    if (!has_ended)
      ::kill(-pid, SIGKILL);
  }

  pid_t pid = -1;
  int exit_code = -1;
  bool has_ended = false;
  signal_once ended;
};

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

std::string chunk(std::string_view bytes) {
  char size[32];
  auto n = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  std::string out{size, static_cast<std::size_t>(n)};
  out += bytes;
  return out += "\r\n";
}

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
  return parse_target({head.target().data(), head.target().size()}, request_);
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
  auto where = find_route(request_.method, request_.path);
  switch (where.kind) {
  case duty::answer:
    co_return co_await respond(where.answer(rt_.sandbox));
  case duty::execute:
  case duty::code_run:
    co_return co_await serve_command(where.kind);
  case duty::errand:
    co_return co_await serve_errand(where.errand);
  case duty::not_built:
    co_return co_await respond(not_built(where.feature));
  case duty::unknown:
    break;
  }
  co_return co_await respond(problem{404, "NOT_FOUND", "404 page not found"});
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
  while (!parser_->is_done()) {
    auto& body = parser_->get().body();
    body.data = out;
    body.size = size;
    stream_.expires_after(transfer_time);
    auto [ec, n] =
        co_await http::async_read_some(stream_, buffer_, *parser_, no_throw);
    stream_.expires_never();
    if (ec && ec != http::error::need_buffer)
      co_return std::nullopt;
    if (size > body.size)
      co_return size - body.size;
  }
  co_return 0;
}

awaitable<outcome<std::string>>
connection::read_whole_body(std::size_t limit, budget_share& share) {
  std::string out;
  std::string part(16 << 10, '\0');
  for (;;) {
    auto n = co_await read_body(part.data(), part.size());
    if (!n || *n == 0)
      co_return n ? outcome<std::string>{std::move(out)}
                  : bad_request("the request's body is incomplete");
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
  text += what.body;
  co_return co_await write(text);
}

awaitable<bool> connection::respond(problem p) {
  co_return co_await respond(problem_response(p, request_));
}

awaitable<bool> connection::serve_command(duty kind) {
  std::optional<command_outcome> done;
  {
    // The body is not kept while the command runs.
    budget_share share{rt_.memory};
    auto body = co_await read_whole_body(command_body_limit, share);
    if (!body)
      co_return co_await respond(std::move(body.error()));
    auto parsed = kind == duty::execute
                      ? parse_execute(body.value(), rt_.sandbox)
                      : parse_code_run(body.value(), rt_.sandbox);
    if (!parsed)
      co_return co_await respond(std::move(parsed.error()));
    body.value() = {};
    done.emplace(co_await run(std::move(parsed.value())));
  }
  if (done->refused)
    co_return co_await respond(*done->refused);
  co_return co_await write_outcome(*done);
}

awaitable<command_outcome> connection::run(command c) {
  struct waiting {
    explicit waiting(asio::io_context& io) : ended{io} {
      // nop
    }
    std::optional<command_outcome> result;
    signal_once ended;
  };
  auto state = std::make_shared<waiting>(rt_.io);
  run_command(rt_, std::move(c), [state](command_outcome result) {
    state->result.emplace(std::move(result));
    state->ended.raise();
  });
  // The command has its own limit, if its caller wanted one.
  while (!co_await state->ended.wait(std::chrono::hours{24})) {
    // nop
  }
  co_return std::move(*state->result);
}

awaitable<bool> connection::write_outcome(const command_outcome& done) {
  int status = outcome_status(done);
  bool whole = done.output.kept() <= whole_answer_limit;
  json_escaper escaper;
  std::string text = outcome_opening(done, request_);
  if (!whole
      && !co_await write(response_head(status,
                                       "application/json; charset=utf-8", {},
                                       std::nullopt, request_.keep_alive)))
    co_return false;
  for (const auto& piece : done.output.pieces()) {
    escaper.append(piece, text);
    if (whole)
      continue;
    if (!co_await write(chunk(text)))
      co_return false;
    text.clear();
  }
  escaper.finish(text);
  text += outcome_closing(done);
  if (whole)
    co_return co_await respond(json_response(status, std::move(text)));
  co_return co_await write(chunk(text) + "0\r\n\r\n");
}

awaitable<bool> connection::wait_for_turn() {
  if (load_.errands < limits_.errands) {
    ++load_.errands;
    co_return true;
  }
  asio::steady_timer timer{rt_.io, turn_time};
  auto place = load_.waiting.insert(load_.waiting.end(), &timer);
  auto [ec] = co_await timer.async_wait(no_throw);
  if (ec)
    co_return true; // end_turn() passed its turn on and erased the place
  load_.waiting.erase(place);
  co_return false;
}

void connection::end_turn() {
  if (load_.waiting.empty()) {
    --load_.errands;
    return;
  }
  auto* next = load_.waiting.front();
  load_.waiting.pop_front();
  next->cancel();
}

awaitable<bool> connection::serve_errand(errand_handler handler) {
  if (!co_await wait_for_turn())
    co_return co_await respond(too_busy("too many file operations at once"));
  struct turn {
    connection& owner;
    ~turn() {
      owner.end_turn();
    }
  } here{*this};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    co_return co_await respond(too_busy("no descriptors are left"));
  const auto& g = rt_.sandbox;
  auto pid = fork_as_user(g, {g.null_fd, g.null_fd, g.null_fd, ends[1]},
                          [&](const std::string& trouble) {
                            return run_errand(request_, g, handler, trouble);
                          });
  ::close(ends[1]);
  local_stream errand{local::socket{rt_.io, local{}, ends[0]}};
  if (!pid)
    co_return co_await respond(too_busy(pid.error().detail));
  auto process = std::make_shared<errand_process>(rt_.io);
  process->pid = pid.value();
  rt_.children.watch(process->pid, [process](int status) {
    process->on_exit(exit_code_of(status));
  });
  std::vector<char> buffer(exchange::buffer_size);
  buffer_.reserve(exchange::buffer_size);
  std::optional<std::uint64_t> sent;
  if (co_await relay_body(errand, buffer))
    sent = co_await relay_answer(errand, buffer);
  if (!sent)
    process->kill();
  if (!sent || !co_await process->ended.wait(exit_time)) {
    process->kill();
    co_return false;
  }
  if (process->exit_code != 0 && *sent == 0)
    co_return co_await respond(
        internal_failure("the file operation was ended by the system"));
  co_return process->exit_code == 0;
}

awaitable<bool> connection::relay_body(local_stream& errand,
                                       std::vector<char>& buffer) {
  bool accepts = true;
  for (;;) {
    auto n = co_await read_body(buffer.data(), buffer.size());
    if (!n)
      co_return false;
    if (*n == 0)
      break;
    if (!accepts)
      continue;
    errand.expires_after(errand_time);
    auto [ec, written] = co_await asio::async_write(
        errand, asio::buffer(buffer.data(), *n), no_throw);
    accepts = !ec;
  }
  error_code ignored;
  errand.socket().shutdown(local::socket::shutdown_send, ignored);
  co_return true;
}

awaitable<std::optional<std::uint64_t>>
connection::relay_answer(local_stream& errand, std::vector<char>& buffer) {
  std::uint64_t sent = 0;
  for (;;) {
    errand.expires_after(errand_time);
    auto [ec, n] =
        co_await errand.async_read_some(asio::buffer(buffer), no_throw);
    if (ec == asio::error::eof || ec == asio::error::connection_reset)
      co_return sent;
    if (ec || !co_await write({buffer.data(), n}))
      co_return std::nullopt;
    sent += n;
  }
}

} // namespace varve::toolbox
