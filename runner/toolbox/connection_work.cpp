// The work behind a connection's requests: commands, and errands for files.
#include <csignal>
#include <cstdio>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/toolbox/connection.hpp"
#include "runner/toolbox/execute.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/spawn.hpp"
#include "runner/toolbox/system/settings.hpp"
#include "runner/toolbox/wakeup.hpp"

namespace varve::toolbox {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using local = asio::local::stream_protocol;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

constexpr auto errand_time = std::chrono::minutes{10}; // without a byte
// The child limits itself, more closely.
constexpr auto repository_time = std::chrono::minutes{35};
constexpr auto turn_time = std::chrono::seconds{60};
constexpr auto exit_time = std::chrono::seconds{5};
constexpr std::size_t whole_answer_limit = 64 << 10;

} // namespace

// An errand's process, and PID 1's end of what they share.
struct errand_process : std::enable_shared_from_this<errand_process> {
  errand_process(asio::io_context& io, local::socket own)
      : stream{std::move(own)}, ended{io}, patience{io} {
    // nop
  }

  void on_exit(int code) {
    exit_code = code;
    has_ended = true;
    ended.raise();
  }
  // It takes back what it has half done, if it is quick.
  void ask_to_end() {
    if (has_ended)
      return;
    ::kill(pid, SIGTERM);
    patience.expires_after(exit_time);
    patience.async_wait([weak = weak_from_this()](error_code ec) {
      if (auto self = weak.lock(); self && !ec)
        self->kill();
    });
  }
  // Whatever it still does is for nobody.
  void kill() const {
    if (has_ended)
      return;
    ::kill(pid, SIGKILL); // it may not be a group of its own yet
    ::kill(-pid, SIGKILL);
  }

  local_stream stream;
  pid_t pid = -1;
  int exit_code = -1;
  bool has_ended = false;
  bool ends_with_client = false; // what it does is of use to nobody else
  wakeup ended;
  asio::steady_timer patience;
};

// One of the places for errands, given to the next who waits.
class errand_turn {
 public:
  explicit errand_turn(errand_line& line) : line_{line} {
    // nop
  }
  errand_turn(const errand_turn&) = delete;
  ~errand_turn() {
    if (line_.waiting.empty()) {
      --line_.taken;
      return;
    }
    auto* next = line_.waiting.front();
    line_.waiting.pop_front();
    next->raise();
  }

 private:
  errand_line& line_;
};

// The body is gone when the command runs.
awaitable<outcome<command>> connection::read_command(duty kind) {
  budget_share share{rt_.memory};
  auto body = co_await read_whole_body(command_body_limit, share);
  if (!body)
    co_return std::move(body.error());
  co_return kind == duty::execute ? parse_execute(body.value(), rt_.sandbox)
                                  : parse_code_run(body.value(), rt_.sandbox);
}

awaitable<bool> connection::serve_command(duty kind) {
  auto wanted = co_await read_command(kind);
  if (!wanted)
    co_return co_await respond(std::move(wanted.error()));
  if (!co_await wait_for_turn(load_.starts, 1))
    co_return co_await respond(too_busy("too many commands start at once"));
  auto done = co_await run(std::move(wanted.value()));
  if (done->refused)
    co_return co_await respond(std::move(*done->refused));
  co_return co_await write_outcome(*done);
}

awaitable<bool> connection::serve_setting(route where) {
  budget_share share{rt_.memory};
  auto body = co_await read_whole_body(settings_body_limit, share);
  auto done = body ? where.setting(rt_.sandbox, body.value()) : body.error();
  if (!done)
    co_return co_await respond(std::move(done.error()));
  co_return co_await respond(std::move(done.value()));
}

awaitable<std::shared_ptr<command_outcome>> connection::run(command c) {
  struct waiting {
    explicit waiting(asio::io_context& io) : ended{io} {
      // nop
    }
    std::shared_ptr<command_outcome> result;
    wakeup ended;
  };
  auto state = std::make_shared<waiting>(rt_.io);
  auto tell = [state](std::shared_ptr<command_outcome> result) {
    state->result = std::move(result);
    state->ended.raise();
  };
  {
    errand_turn start{load_.starts};
    run_command(rt_, std::move(c), tell);
    // What is quick to answer comes before the next start.
    co_await asio::post(rt_.io, asio::use_awaitable);
  }
  // The command has its own limit, if its caller wanted one.
  while (!co_await state->ended.wait(std::chrono::hours{24})) {
    // nop
  }
  co_return std::move(state->result);
}

awaitable<bool> connection::write_outcome(const command_outcome& done) {
  int status = outcome_status(done);
  auto text = outcome_opening(done, request_);
  json_escaper escaper;
  if (done.output.kept() <= whole_answer_limit && done.charts.empty()) {
    for (const auto& piece : done.output.pieces())
      escaper.append(piece, text);
    escaper.finish(text);
    text += '"';
    text += outcome_closing(done);
    co_return co_await respond(json_response(status, std::move(text)));
  }
  std::vector<name_value> none;
  auto head = response_head(status, "application/json; charset=utf-8", none,
                            std::nullopt, request_.keep_alive);
  if (!co_await write(head))
    co_return false;
  for (const auto& piece : done.output.pieces()) {
    escaper.append(piece, text);
    if (!co_await write(chunk(text)))
      co_return false;
    text.clear();
  }
  escaper.finish(text);
  text += '"';
  for (std::size_t i = 0; i < done.charts.size(); ++i) {
    text += outcome_chart(done, i);
    if (!co_await write(chunk(text)))
      co_return false;
    text.clear();
  }
  text += outcome_closing(done);
  auto last = chunk(text) + "0\r\n\r\n";
  co_return co_await write(last);
}

awaitable<bool> connection::wait_for_turn(errand_line& line, unsigned places) {
  if (line.taken < places) {
    ++line.taken;
    co_return true;
  }
  wakeup turn{rt_.io};
  line.waiting.push_back(&turn);
  bool is_mine = co_await turn.wait(turn_time);
  // Whoever raised it has taken it out.
  if (!is_mine)
    line.waiting.remove(&turn);
  co_return is_mine;
}

result<std::shared_ptr<errand_process>>
connection::start_errand(errand_handler handler) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return failure(errc::too_busy, "no descriptors are left");
  local::socket own{rt_.io, local{}, ends[0]};
  const auto& g = rt_.sandbox;
  auto pid = fork_as_user(g, {g.null_fd, g.null_fd, g.null_fd, ends[1]},
                          [&](const std::string& trouble) {
                            return run_errand(request_, g, handler, trouble);
                          });
  ::close(ends[1]);
  if (!pid)
    return pid.error();
  auto process = std::make_shared<errand_process>(rt_.io, std::move(own));
  process->pid = pid.value();
  rt_.children.watch(process->pid, [process](int status) {
    process->on_exit(exit_code_of(status));
  });
  return process;
}

awaitable<bool> connection::serve_errand(const route& where) {
  bool searches = where.searches || query_value(request_, "depth");
  auto& line = searches ? load_.searches : load_.errands;
  bool is_mine = co_await wait_for_turn(line, searches ? limits_.searches
                                                       : limits_.errands);
  if (!is_mine)
    co_return co_await respond(too_busy("too many file operations at once"));
  errand_turn here{line};
  auto started = start_errand(where.errand);
  if (!started)
    co_return co_await respond(too_busy(started.error().detail));
  // What changes files is not left half done.
  started.value()->ends_with_client = searches && request_.method == "GET";
  co_return co_await relay_errand(started.value(), errand_time);
}

awaitable<bool> connection::serve_repository(errand_handler handler) {
  if (!co_await wait_for_turn(load_.repositories, limits_.repositories))
    co_return co_await respond(too_busy("too many git operations at once"));
  errand_turn here{load_.repositories};
  auto started = start_errand(handler);
  if (!started)
    co_return co_await respond(too_busy(started.error().detail));
  started.value()->ends_with_client = true;
  co_return co_await relay_errand(started.value(), repository_time);
}

awaitable<bool>
connection::relay_errand(std::shared_ptr<errand_process> process,
                         std::chrono::minutes silence) {
  std::vector<char> buffer(exchange::buffer_size);
  buffer_.reserve(exchange::buffer_size);
  std::optional<std::uint64_t> sent;
  if (co_await relay_body(process->stream, buffer)) {
    if (process->ends_with_client)
      watch_client(process);
    sent = co_await relay_answer(process->stream, buffer, silence);
    unwatch_client();
  }
  bool ended = sent && co_await process->ended.wait(exit_time);
  process->kill();
  if (ended && process->exit_code != 0 && *sent == 0)
    co_return co_await respond(
        internal_failure("the operation was ended by the system"));
  co_return ended && process->exit_code == 0;
}

void connection::watch_client(const std::shared_ptr<errand_process>& process) {
  if (buffer_.size() > 0)
    return; // its next request is here: nothing tells that it leaves
  auto look = [self = shared_from_this(), process](error_code ec) {
    pollfd client{self->stream_.socket().native_handle(), 0, 0};
    if (!ec && ::poll(&client, 1, 0) == 1 && (client.revents & POLLHUP) != 0)
      process->ask_to_end();
  };
  stream_.socket().async_wait(local::socket::wait_read, look);
}

// Nothing else waits for the client's socket meanwhile.
void connection::unwatch_client() {
  error_code ignored;
  stream_.socket().cancel(ignored);
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
connection::relay_answer(local_stream& errand, std::vector<char>& buffer,
                         std::chrono::minutes silence) {
  std::uint64_t sent = 0;
  for (;;) {
    errand.expires_after(silence);
    auto [ec, n] =
        co_await errand.async_read_some(asio::buffer(buffer), no_throw);
    if (ec == asio::error::eof || ec == asio::error::connection_reset)
      co_return sent;
    unwatch_client();
    std::string_view bytes{buffer.data(), n};
    if (ec || !co_await write(bytes))
      co_return std::nullopt;
    sent += n;
  }
}

} // namespace varve::toolbox
