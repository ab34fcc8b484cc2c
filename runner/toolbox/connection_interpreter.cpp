// Requests about the code interpreter, and its executions.
#include "runner/toolbox/connection.hpp"
#include "runner/toolbox/interpreter/context_table.hpp"
#include "runner/toolbox/interpreter/interpreter_requests.hpp"
#include "runner/toolbox/sessions/session_requests.hpp"
#include "runner/toolbox/websocket_link.hpp"

namespace varve::toolbox {

namespace {

constexpr auto look_time = std::chrono::minutes{5};
constexpr auto message_time = std::chrono::seconds{60};
constexpr std::size_t body_limit = 1 << 20;
// Code of the allowed length may be escaped to several times its size.
constexpr std::size_t message_limit = 4 << 20;
constexpr std::size_t frames_size = 32 << 10;

// The first message; nullopt when none came.
awaitable<std::optional<std::string>>
first_message(std::shared_ptr<websocket_link> link) {
  auto got = std::make_shared<std::optional<std::string>>();
  link->receive([got, raw = link.get()](std::string payload) {
    if (!*got)
      *got = std::move(payload);
    raw->changed().raise();
    return true;
  });
  auto until = std::chrono::steady_clock::now() + message_time;
  while (!*got && !link->is_closed()
         && std::chrono::steady_clock::now() < until) {
    co_await link->changed().wait(until - std::chrono::steady_clock::now());
    std::string nothing; // but what pings ask for
    if (!*got && !co_await link->send(std::move(nothing)))
      break;
  }
  link->receive([](std::string) { return true; });
  co_return std::move(*got);
}

} // namespace

awaitable<bool> connection::serve_interpreter() {
  auto target = find_interpreter_target(request_.method, request_.path);
  if (!target)
    co_return co_await respond(unknown_path());
  auto& contexts = *rt_.contexts;
  if (target->verb == interpreter_verb::execute)
    co_return co_await run_in_interpreter();
  if (target->verb == interpreter_verb::create)
    co_return co_await create_context();
  if (target->verb == interpreter_verb::list) {
    std::string text;
    for (const auto& one : contexts.all())
      text += (text.empty() ? "" : ",") + context_json(*one);
    co_return co_await respond(
        json_response(200, "{\"contexts\":[" + text + "]}"));
  }
  auto found = contexts.find(target->context);
  if (!found)
    co_return co_await respond(
        not_found("context not found: " + target->context));
  if (target->verb == interpreter_verb::remove)
    co_return co_await delete_context(found);
  auto answer = std::string{"{\"interrupted\":"}
                + (found->interrupt() ? "true}" : "false}");
  co_return co_await respond(json_response(200, answer));
}

awaitable<bool> connection::create_context() {
  budget_share share{rt_.memory};
  auto body = co_await read_whole_body(body_limit, share);
  auto cwd = body ? parse_context(body.value(), rt_.sandbox) : body.error();
  if (!cwd)
    co_return co_await respond(std::move(cwd.error()));
  auto made = rt_.contexts->create(std::move(cwd.value()));
  if (!made)
    co_return co_await respond(std::move(made.error()));
  auto context = made.value();
  wakeup changed{rt_.io};
  wakeup_list::place here{context->changed(), changed};
  context->start();
  while (context->state() == interpreter_context::condition::starting)
    co_await changed.wait(look_time);
  if (context->state() == interpreter_context::condition::ready)
    co_return co_await respond(json_response(200, context_json(*context)));
  rt_.contexts->forget(*context);
  context->end([] {});
  co_return co_await respond(
      internal_failure("cannot start an interpreter: " + context->trouble()));
}

awaitable<bool>
connection::delete_context(std::shared_ptr<interpreter_context> which) {
  if (which->id() == context_table::default_id)
    co_return co_await respond(
        bad_request("the default context cannot be deleted"));
  auto gone = std::make_shared<std::pair<bool, wakeup>>(
      std::piecewise_construct, std::forward_as_tuple(false),
      std::forward_as_tuple(rt_.io));
  which->end([gone] {
    gone->first = true;
    gone->second.raise();
  });
  while (!gone->first)
    co_await gone->second.wait(look_time);
  rt_.contexts->forget(*which);
  co_return co_await respond(
      json_response(200, "{\"message\":\"Context deleted successfully\"}"));
}

awaitable<bool> connection::run_in_interpreter() {
  if (request_.websocket_key.empty())
    co_return co_await respond(bad_request("a WebSocket upgrade is required"));
  auto protocol =
      chosen_subprotocol(request_.subprotocols, "X-Daytona-SDK-Version");
  auto link = co_await upgrade(protocol, message_limit);
  if (!link)
    co_return false;
  auto message = co_await first_message(link);
  auto started = start_execution(message);
  message.reset();
  if (!started) {
    co_await link->finish(static_cast<unsigned>(started.error().status),
                          started.error().message);
    co_return false;
  }
  auto run = started.value();
  wakeup_list::place here{run->changed, link->changed()};
  while (!link->is_closed()) {
    auto frames = run->take_frames(frames_size);
    bool none = frames.empty();
    if (none && run->has_ended())
      break;
    if (!co_await link->send(std::move(frames)))
      break;
    if (none)
      co_await link->changed().wait(look_time);
  }
  run->abandon();
  unsigned code = run->has_ended() ? run->close_code() : ws_code::normal;
  co_await link->finish(code, run->close_reason());
  co_return false;
}

outcome<std::shared_ptr<execution>>
connection::start_execution(const std::optional<std::string>& message) {
  auto coded = [](unsigned code, std::string text) {
    return problem{static_cast<int>(code), "BAD_REQUEST", std::move(text)};
  };
  if (!message)
    return coded(ws_code::protocol_error, "failed to read first message");
  BOOST_OUTCOME_TRY(auto wanted, parse_execution(*message));
  auto context = rt_.contexts->find(wanted.context);
  if (!context)
    return coded(ws_code::policy_violation,
                 "context not found: " + wanted.context);
  auto run = std::make_shared<execution>(std::move(wanted), rt_.memory);
  if (auto taken = context->run(run); !taken)
    return coded(ws_code::policy_violation, taken.error().message);
  return run;
}

} // namespace varve::toolbox
