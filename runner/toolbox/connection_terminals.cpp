// Requests about pseudo terminals, and their viewers.
#include "runner/toolbox/connection.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/pty/terminal_requests.hpp"
#include "runner/toolbox/websocket_link.hpp"

namespace varve::toolbox {

namespace {

constexpr auto start_time = std::chrono::seconds{20};
constexpr auto look_time = std::chrono::minutes{5};
constexpr std::size_t body_limit = 1 << 20;
constexpr std::size_t frame_size = 32 << 10;
constexpr std::size_t client_message_limit = 64 << 10;

problem no_terminal() {
  return {404, "NOT_FOUND", "PTY session not found"};
}

problem failed_start(const terminal& t) {
  return {500, "INTERNAL_SERVER_ERROR",
          "failed to start PTY session: " + t.trouble()};
}

std::string control(const std::string& members) {
  return ws_frame(ws_kind::text, "{\"type\":\"control\"," + members + "}");
}

// Starts it where needed; whether its shell has run.
awaitable<bool> wait_for_start(boost::asio::io_context& io,
                               std::shared_ptr<terminal> of) {
  wakeup changed{io};
  wakeup_list::place here{of->changed, changed};
  if (of->state() == terminal::condition::idle)
    of->start();
  if (of->state() == terminal::condition::starting)
    co_await changed.wait(start_time);
  co_return of->trouble().empty()
      && of->state() != terminal::condition::starting;
}

} // namespace

awaitable<bool> connection::serve_terminal() {
  auto target = find_terminal_target(request_.method, request_.path);
  if (!target)
    co_return co_await respond(unknown_path());
  auto& terminals = *rt_.terminals;
  if (target->verb == terminal_verb::create)
    co_return co_await create_terminal();
  if (target->verb == terminal_verb::list) {
    std::string text;
    for (const auto& one : terminals.all())
      text += (text.empty() ? "" : ",") + terminal_json(*one);
    co_return co_await respond(
        json_response(200, "{\"sessions\":[" + text + "]}"));
  }
  bool connects = target->verb == terminal_verb::connect
                  || target->verb == terminal_verb::create_connect;
  if (connects)
    co_return co_await connect_terminal(target->id);
  auto found = terminals.find(target->id);
  if (target->verb == terminal_verb::resize)
    co_return co_await resize_terminal(found);
  if (!found)
    co_return co_await respond(no_terminal());
  if (target->verb == terminal_verb::get)
    co_return co_await respond(json_response(200, terminal_json(*found)));
  auto gone = std::make_shared<std::pair<bool, wakeup>>(
      std::piecewise_construct, std::forward_as_tuple(false),
      std::forward_as_tuple(rt_.io));
  found->end([gone] {
    gone->first = true;
    gone->second.raise();
  });
  while (!gone->first)
    co_await gone->second.wait(look_time);
  terminals.forget(*found);
  co_return co_await respond(
      json_response(200, "{\"message\":\"PTY session deleted\"}"));
}

awaitable<bool> connection::create_terminal() {
  budget_share share{rt_.memory};
  auto body = co_await read_whole_body(body_limit, share);
  auto wanted = body ? parse_terminal(body.value(), rt_.sandbox) : body.error();
  if (!wanted)
    co_return co_await respond(std::move(wanted.error()));
  auto made = rt_.terminals->create(std::move(wanted.value()));
  if (!made)
    co_return co_await respond(std::move(made.error()));
  auto terminal = made.value();
  auto id = terminal->options().id;
  if (!terminal->options().is_lazy
      && !co_await wait_for_start(rt_.io, terminal)) {
    rt_.terminals->forget(*terminal);
    terminal->end([] {});
    co_return co_await respond(failed_start(*terminal));
  }
  co_return co_await respond(
      json_response(201, "{\"sessionId\":" + json_string(id) + "}"));
}

awaitable<bool> connection::resize_terminal(std::shared_ptr<terminal> which) {
  budget_share share{rt_.memory};
  auto body = co_await read_whole_body(body_limit, share);
  auto size = body ? parse_terminal_size(body.value()) : body.error();
  if (!size)
    co_return co_await respond(std::move(size.error()));
  if (!which) {
    problem gone{410, "GONE", "PTY session not found or has ended"};
    co_return co_await respond(gone);
  }
  which->resize(size.value().columns, size.value().rows);
  co_return co_await respond(json_response(200, terminal_json(*which)));
}

outcome<std::shared_ptr<terminal>>
connection::find_or_make_terminal(const std::string& id) {
  if (!id.empty()) {
    if (auto found = rt_.terminals->find(id))
      return found;
    problem missing = no_terminal();
    missing.message = "PTY session " + id + " not found";
    return missing;
  }
  auto wanted = parse_terminal_query(request_, rt_.sandbox);
  if (!wanted)
    return std::move(wanted.error());
  return rt_.terminals->create(std::move(wanted.value()));
}

awaitable<bool> connection::connect_terminal(std::string id) {
  if (request_.websocket_key.empty())
    co_return co_await respond(bad_request("a WebSocket upgrade is required"));
  auto protocol = terminal_subprotocol(request_);
  auto link = co_await upgrade(protocol, client_message_limit);
  if (!link)
    co_return false;
  auto found = find_or_make_terminal(id);
  std::string trouble = found ? "" : found.error().message;
  if (found && !co_await wait_for_start(rt_.io, found.value())) {
    trouble = failed_start(*found.value()).message;
    rt_.terminals->forget(*found.value());
    found.value()->end([] {});
  }
  if (trouble.empty()) {
    auto viewed = found.value();
    co_await view_terminal(viewed, link);
    co_return false;
  }
  auto told =
      control("\"status\":\"error\",\"error\":"
              + json_string("Failed to connect to PTY session: " + trouble));
  co_await link->send(told);
  std::string reason = "{\"error\":\"Failed to connect to PTY session\"}";
  co_await link->finish(ws_code::failed, reason);
  co_return false;
}

awaitable<void>
connection::view_terminal(std::shared_ptr<terminal> of,
                          std::shared_ptr<websocket_link> link) {
  link->receive([of](std::string bytes) { return of->give_input(bytes); });
  auto end = of->log.end(log_form::plain);
  auto where = of->log.seek(
      log_form::plain, end - std::min<std::uint64_t>(end, terminal::replayed));
  following here{*of, link->changed(), where.plain};
  unsigned code = ws_code::normal;
  std::string reason;
  auto opening = control("\"status\":\"connected\"");
  bool open = co_await link->send(opening);
  while (open && !link->is_closed()) {
    bool ended = of->state() == terminal::condition::ended;
    std::string text;
    bool any = of->log.read(where, log_form::plain, frame_size, text);
    if (where.has_lost) {
      code = ws_code::policy_violation;
      reason = "slow consumer";
      break;
    }
    if (!any && ended) {
      reason = exit_json(of->exit_code());
      auto told = control("\"status\":\"exited\","
                          + reason.substr(1, reason.size() - 2));
      if (wants_exit_control(request_))
        co_await link->send(told);
      break;
    }
    auto frame = text.empty() ? text : ws_frame(ws_kind::binary, text);
    open = co_await link->send(std::move(frame));
    here.reach(where.plain);
    if (!any && open)
      co_await link->changed().wait(look_time);
  }
  co_await link->finish(code, reason);
}

} // namespace varve::toolbox
