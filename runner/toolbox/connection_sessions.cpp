// Requests about sessions: the commands in them, and their logs.
#include "runner/toolbox/connection.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/sessions/session_requests.hpp"
#include "runner/toolbox/sessions/session_table.hpp"
#include "runner/toolbox/websocket_link.hpp"

namespace varve::toolbox {

namespace {

constexpr auto start_time = std::chrono::seconds{20};
constexpr auto look_time = std::chrono::minutes{5};
constexpr std::size_t body_limit = 8 << 20;
constexpr std::size_t frame_size = 32 << 10;
constexpr std::size_t part_size = 64 << 10;
constexpr std::size_t client_message_limit = 64 << 10;

struct log_member {
  std::string_view name;
  log_form form;
};

std::vector<log_member> members_of(output_style style) {
  if (style == output_style::marked)
    return {{"output", log_form::marked}};
  if (style == output_style::combined)
    return {{"output", log_form::plain}};
  return {{"output", log_form::plain},
          {"stdout", log_form::out},
          {"stderr", log_form::err}};
}

log_form form_of(output_style style) {
  return style == output_style::combined ? log_form::plain : log_form::marked;
}

awaitable<void> wait_for_end(boost::asio::io_context& io,
                             std::shared_ptr<session_command> of) {
  wakeup changed{io};
  wakeup_list::place here{of->changed, changed};
  while (!of->has_ended())
    co_await changed.wait(look_time);
}

} // namespace

awaitable<bool> connection::serve_session() {
  auto target = find_session_target(request_.method, request_.path);
  if (!target)
    co_return co_await respond(unknown_path());
  auto& sessions = *rt_.sessions;
  if (target->verb == session_verb::create)
    co_return co_await create_session();
  if (target->verb == session_verb::list) {
    std::string text;
    for (const auto& one : sessions.all())
      text += (text.empty() ? "" : ",") + session_json(*one);
    co_return co_await respond(json_response(200, "[" + text + "]"));
  }
  bool is_entrypoint = target->session == session_table::entrypoint_id;
  bool changes =
      target->verb == session_verb::remove || target->verb == session_verb::run;
  if (is_entrypoint && changes)
    co_return co_await respond(
        bad_request("the session 'entrypoint' cannot be changed"));
  auto found = sessions.find(target->session);
  if (!found)
    co_return co_await respond(std::move(found.error()));
  auto session = found.value();
  if (target->verb == session_verb::get)
    co_return co_await respond(json_response(200, session_json(*session)));
  if (target->verb == session_verb::remove)
    co_return co_await delete_session(session);
  if (target->verb == session_verb::run)
    co_return co_await run_in_session(session);
  auto command = session->find(target->command);
  if (!command)
    co_return co_await respond(not_found("command not found"));
  if (target->verb == session_verb::command)
    co_return co_await respond(json_response(200, command_json(*command)));
  if (target->verb == session_verb::input)
    co_return co_await give_input(*session, *command);
  co_return co_await send_logs(command, is_entrypoint);
}

awaitable<outcome<std::string>> connection::read_session_body() {
  budget_share share{rt_.memory};
  co_return co_await read_whole_body(body_limit, share);
}

awaitable<bool> connection::create_session() {
  auto body = co_await read_session_body();
  auto id = body ? parse_session_id(body.value()) : body.error();
  if (!id)
    co_return co_await respond(std::move(id.error()));
  const auto& g = rt_.sandbox;
  auto home = std::string{variable(g.environment, "HOME")};
  bool at_home = begins_at_home(request_) && home.starts_with('/');
  auto made = rt_.sessions->create(id.value(), at_home ? home : g.workdir);
  if (!made)
    co_return co_await respond(std::move(made.error()));
  auto session = made.value();
  wakeup changed{rt_.io};
  wakeup_list::place here{session->changed(), changed};
  if (session->state() == session::condition::starting)
    co_await changed.wait(start_time);
  if (session->state() == session::condition::running)
    co_return co_await respond(empty_response(201));
  rt_.sessions->forget(*session);
  session->end([] {});
  auto why = session->trouble();
  co_return co_await respond(internal_failure(
      "cannot start a session: "
      + (why.empty() ? std::string{"its shell does not answer"} : why)));
}

awaitable<bool> connection::delete_session(std::shared_ptr<session> which) {
  auto gone = std::make_shared<std::pair<bool, wakeup>>(
      std::piecewise_construct, std::forward_as_tuple(false),
      std::forward_as_tuple(rt_.io));
  which->end([gone] {
    gone->first = true;
    gone->second.raise();
  });
  while (!gone->first)
    co_await gone->second.wait(look_time);
  rt_.sessions->forget(*which);
  co_return co_await respond(empty_response(204));
}

awaitable<bool> connection::run_in_session(std::shared_ptr<session> where) {
  auto body = co_await read_session_body();
  auto wanted = body ? parse_session_run(body.value()) : body.error();
  if (!wanted)
    co_return co_await respond(std::move(wanted.error()));
  auto& run = wanted.value();
  bool is_async = run.is_async;
  auto started = where->run(std::move(run.command), is_async, run.echoes_input);
  if (!started)
    co_return co_await respond(std::move(started.error()));
  auto command = started.value();
  auto opening = "{\"cmdId\":" + json_string(command->id);
  if (is_async)
    co_return co_await respond(json_response(202, opening + "}"));
  co_await wait_for_end(rt_.io, command);
  auto closing = ",\"exitCode\":" + std::to_string(*command->exit_code) + "}";
  co_return co_await write_logs(command, 200, opening + ",", closing,
                                style_for(request_), 0);
}

awaitable<bool> connection::give_input(session& where, session_command& to) {
  auto body = co_await read_session_body();
  auto data = body ? parse_session_input(body.value()) : body.error();
  if (!data)
    co_return co_await respond(std::move(data.error()));
  auto given = where.give_input(to, std::move(data.value()));
  if (!given)
    co_return co_await respond(std::move(given.error()));
  co_return co_await respond(empty_response(204));
}

awaitable<bool> connection::write_logs(std::shared_ptr<session_command> of,
                                       int status, std::string opening,
                                       std::string closing, output_style style,
                                       std::uint64_t offset) {
  auto base =
      style == output_style::marked ? log_form::marked : log_form::plain;
  const auto& log = of->log;
  auto until = log.end(log_form::plain);
  auto text = std::move(opening);
  bool streams = log.end(base) - log.first(base) > part_size;
  if (streams) {
    std::vector<name_value> none;
    auto head = response_head(status, "application/json; charset=utf-8", none,
                              std::nullopt, request_.keep_alive);
    if (!co_await drain_body() || !co_await write(head))
      co_return false;
  }
  std::string_view before = "\"";
  for (const auto& member : members_of(style)) {
    text += before;
    text += member.name;
    text += "\":\"";
    before = "\",\"";
    json_escaper escaper;
    auto where = log.seek(base, offset);
    std::string part;
    while (log.read(where, member.form, part_size, part, until)) {
      escaper.append(part, text);
      part.clear();
      if (streams && !text.empty()) {
        auto bytes = chunk(text);
        text.clear();
        if (!co_await write(bytes))
          co_return false;
      }
    }
    escaper.finish(text);
  }
  text += "\"" + closing;
  if (!streams)
    co_return co_await respond(json_response(status, std::move(text)));
  auto last = chunk(text) + chunk({});
  co_return co_await write(last);
}

awaitable<bool> connection::send_logs(std::shared_ptr<session_command> of,
                                      bool of_entrypoint) {
  auto offset = parse_offset(request_);
  if (!offset)
    co_return co_await respond(std::move(offset.error()));
  auto start = offset.value();
  auto style = style_for(request_);
  if (of_entrypoint && style == output_style::combined)
    style = output_style::marked;
  auto follow = query_value(request_, "follow");
  bool follows = follow && (*follow == "true" || *follow == "1");
  if (!request_.websocket_key.empty())
    co_return co_await follow_logs(of, form_of(style), start);
  if (follows) {
    // What follows is a plain stream unless markers are asked for.
    auto form = request_.wants_split ? log_form::marked : log_form::plain;
    co_return co_await stream_logs(of, form, start, true);
  }
  if (style != output_style::split)
    co_return co_await stream_logs(of, form_of(style), start, false);
  std::string closing = "}";
  if (query_value(request_, "offset")) {
    auto first = std::max(start, of->log.first(log_form::plain));
    closing = ",\"offset\":" + std::to_string(first) + ",\"nextOffset\":"
              + std::to_string(of->log.end(log_form::plain)) + "}";
  }
  co_return co_await write_logs(of, 200, "{", closing, style, start);
}

awaitable<bool> connection::stream_logs(std::shared_ptr<session_command> of,
                                        log_form form, std::uint64_t offset,
                                        bool follows) {
  if (!co_await drain_body())
    co_return false;
  std::vector<name_value> none;
  auto type =
      follows ? "application/octet-stream" : "text/plain; charset=utf-8";
  auto head = response_head(200, type, none, std::nullopt, request_.keep_alive);
  if (!co_await write(head))
    co_return false;
  wakeup changed{rt_.io};
  auto where = of->log.seek(form, offset);
  auto until = of->log.end(log_form::plain);
  following here{*of, changed, where.plain};
  std::string text;
  for (;;) {
    bool ended = of->has_ended() || !follows;
    text.clear();
    bool any = of->log.read(where, form, part_size, text,
                            follows ? ~std::uint64_t{0} : until);
    // The stream breaks off: a whole one would look complete.
    if (where.has_lost)
      co_return false;
    here.reach(where.plain);
    if (any && !text.empty()) {
      auto bytes = chunk(text);
      if (!co_await write(bytes))
        co_return false;
    } else if (!any && ended) {
      break;
    } else if (!any) {
      co_await changed.wait(look_time);
    }
  }
  auto last = chunk({});
  co_return co_await write(last);
}

awaitable<bool> connection::follow_logs(std::shared_ptr<session_command> of,
                                        log_form form, std::uint64_t offset) {
  auto follow = query_value(request_, "follow");
  bool follows = follow && (*follow == "true" || *follow == "1");
  auto protocol =
      chosen_subprotocol(request_.subprotocols, "X-Daytona-SDK-Version");
  auto link = co_await upgrade(protocol, client_message_limit);
  if (!link)
    co_return false;
  auto where = of->log.seek(form, offset);
  auto until = of->log.end(log_form::plain);
  following here{*of, link->changed(), where.plain};
  unsigned code = ws_code::normal;
  std::string reason;
  while (!link->is_closed()) {
    bool ended = of->has_ended() || !follows;
    std::string text;
    bool any = of->log.read(where, form, frame_size, text,
                            follows ? ~std::uint64_t{0} : until);
    if (where.has_lost) {
      code = ws_code::policy_violation;
      reason = "slow consumer";
      break;
    }
    if (!any && ended)
      break;
    // With nothing to send, what pings ask for goes out.
    auto frame = text.empty() ? text : ws_frame(ws_kind::binary, text);
    if (!co_await link->send(std::move(frame)))
      break;
    here.reach(where.plain);
    if (!any)
      co_await link->changed().wait(look_time);
  }
  co_await link->finish(code, reason);
  co_return false;
}

awaitable<std::shared_ptr<websocket_link>>
connection::upgrade(std::string subprotocol, std::size_t limit) {
  std::string head = "HTTP/1.1 101 Switching Protocols\r\n"
                     "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: "
                     + ws_accept(request_.websocket_key) + "\r\n";
  if (!subprotocol.empty())
    head += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n";
  head += "\r\n";
  if (!co_await write(head))
    co_return nullptr;
  auto link = std::make_shared<websocket_link>(stream_.socket(),
                                               shared_from_this(), limit);
  auto bytes = buffer_.data();
  std::string first{static_cast<const char*>(bytes.data()), bytes.size()};
  buffer_.consume(bytes.size());
  link->start(std::move(first));
  co_return link;
}

} // namespace varve::toolbox
