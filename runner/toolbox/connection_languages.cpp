// Requests about language servers.
#include <cstdint>
#include <filesystem>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/toolbox/connection.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/lsp/keeper.hpp"
#include "runner/toolbox/lsp/language_server.hpp"
#include "runner/toolbox/lsp/lsp_requests.hpp"

namespace varve::toolbox {

namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t body_limit = 64 << 10;
// A keeper limits its own start and each request; others may go before.
constexpr auto start_time = std::chrono::seconds{75};
constexpr auto answer_time = std::chrono::minutes{3};

// One spelling of a path, whichever a caller uses.
std::string project_folder(const guest& g, const std::string& path) {
  auto out = std::filesystem::path{files::resolve(g, path)}
                 .lexically_normal()
                 .string();
  while (out.size() > 1 && out.back() == '/')
    out.pop_back();
  return out;
}

awaitable<void> wait_for_start(asio::io_context& io,
                               std::shared_ptr<language_server> of) {
  wakeup changed{io};
  wakeup_list::place here{of->changed, changed};
  if (of->state() == language_server::condition::starting)
    co_await changed.wait(start_time);
}

problem failed_start(const language_server& server) {
  auto why = server.trouble();
  return internal_failure("cannot start the language server for "
                          + std::string{server.of().id} + ": "
                          + (why.empty() ? "it does not answer" : why));
}

problem ended(int status, const language_server& server) {
  return lsp_not_started(status, "the language server has ended and must be "
                                 "started again: "
                                     + server.trouble());
}

} // namespace

awaitable<bool> connection::serve_languages() {
  auto verb = find_lsp_verb(request_.method, request_.path);
  if (!verb)
    co_return co_await respond(unknown_path());
  auto wanted = co_await read_lsp_request(*verb);
  if (!wanted)
    co_return co_await respond(std::move(wanted.error()));
  auto what = std::move(wanted.value());
  const auto& of = *find_language(what.language);
  auto project = project_folder(rt_.sandbox, what.project);
  auto server = rt_.languages->find(of, project);
  if (*verb == lsp_verb::start)
    co_return co_await start_language(of, project, server);
  int status = *verb == lsp_verb::stop ? 500 : 400;
  if (!server)
    co_return co_await respond(
        lsp_not_started(status, "no language server for " + what.language
                                    + " was started in " + project));
  if (*verb == lsp_verb::stop)
    co_return co_await stop_language(server);
  co_await wait_for_start(rt_.io, server);
  if (server->state() != language_server::condition::running)
    co_return co_await respond(ended(status, *server));
  co_return co_await ask_language(server, pack_lsp_request(what, request_));
}

awaitable<outcome<lsp_request>> connection::read_lsp_request(lsp_verb verb) {
  if (request_.method == "GET")
    co_return parse_lsp_query(verb, request_);
  budget_share share{rt_.memory};
  auto body = co_await read_whole_body(body_limit, share);
  if (!body)
    co_return std::move(body.error());
  co_return parse_lsp_body(verb, body.value());
}

awaitable<bool>
connection::start_language(const language& of, std::string project,
                           std::shared_ptr<language_server> server) {
  if (!server || server->state() == language_server::condition::ended) {
    auto made = rt_.languages->start(of, project);
    if (!made)
      co_return co_await respond(std::move(made.error()));
    server = made.value();
  }
  co_await wait_for_start(rt_.io, server);
  if (server->state() == language_server::condition::running)
    co_return co_await respond(empty_response(200));
  auto told = failed_start(*server);
  rt_.languages->forget(*server);
  server->end([] {});
  co_return co_await respond(std::move(told));
}

awaitable<bool>
connection::stop_language(std::shared_ptr<language_server> server) {
  rt_.languages->forget(*server);
  auto gone = std::make_shared<std::pair<bool, wakeup>>(
      std::piecewise_construct, std::forward_as_tuple(false),
      std::forward_as_tuple(rt_.io));
  server->end([gone] {
    gone->first = true;
    gone->second.raise();
  });
  while (!gone->first)
    co_await gone->second.wait(answer_time);
  co_return co_await respond(empty_response(200));
}

awaitable<bool>
connection::ask_language(std::shared_ptr<language_server> server,
                         std::string packed) {
  language_server::turn here{*server};
  int ends[2];
  if (packed.size() > keeper_message_limit)
    co_return co_await respond(too_large("the request is too large"));
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    co_return co_await respond(too_busy("no descriptors are left"));
  local_stream answer{local::socket{rt_.io, local{}, ends[0]}};
  bool given = server->hand_over(packed, ends[1]);
  ::close(ends[1]);
  if (!given)
    co_return co_await respond(
        too_busy("too many requests wait for the language server"));
  std::uint64_t size = 0;
  answer.expires_after(answer_time);
  auto [ec, n] = co_await asio::async_read(
      answer, asio::buffer(&size, sizeof size), no_throw);
  if (!ec)
    co_return co_await relay_exactly(answer, size);
  if (ec == boost::beast::error::timeout)
    co_return co_await respond(
        too_busy("the language server is busy with other requests"));
  // Its end is told after its last words.
  wakeup changed{rt_.io};
  wakeup_list::place place{server->changed, changed};
  if (server->state() == language_server::condition::running)
    co_await changed.wait(start_time);
  co_return co_await respond(ended(500, *server));
}

// False also where less comes: the client must not take it for a whole answer.
awaitable<bool> connection::relay_exactly(local_stream& from,
                                          std::uint64_t size) {
  std::vector<char> buffer(exchange::buffer_size);
  while (size > 0) {
    from.expires_after(answer_time);
    auto most = std::min<std::uint64_t>(size, buffer.size());
    auto [ec, n] = co_await from.async_read_some(
        asio::buffer(buffer.data(), most), no_throw);
    std::string_view bytes{buffer.data(), n};
    if (ec || !co_await write(bytes))
      co_return false;
    size -= n;
  }
  co_return true;
}

} // namespace varve::toolbox
