// The list of what callers have started, and the commands in it for whoever
// lost the connection on which they were started.
#include "runner/toolbox/command_table.hpp"
#include "runner/toolbox/connection.hpp"
#include "runner/toolbox/interpreter/context_table.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/pty/terminal.hpp"
#include "runner/toolbox/sessions/process_tree.hpp"
#include "runner/toolbox/sessions/session_requests.hpp"
#include "runner/toolbox/sessions/session_table.hpp"

namespace varve::toolbox {

namespace {

constexpr auto look_time = std::chrono::minutes{5};
constexpr auto grace = std::chrono::seconds{5};
constexpr std::size_t part_size = 64 << 10;
constexpr std::string_view prefix = "/process/command/";

// {"kind",...,"attach"}: how to get back to it.
std::string entry(std::string_view kind, std::string members,
                  const std::string& attach) {
  return "{\"kind\":" + json_string(kind) + "," + members
         + ",\"attach\":" + json_string(attach) + "}";
}

std::string plain_entry(std::string_view kind, const std::string& id, pid_t pid,
                        bool is_running, const std::string& attach) {
  auto members = "\"id\":" + json_string(id);
  members += ",\"pid\":" + std::to_string(pid);
  members += is_running ? ",\"running\":true" : ",\"running\":false";
  return entry(kind, std::move(members), attach);
}

void list_sessions(const session_table& sessions,
                   std::vector<std::string>& out) {
  auto all = sessions.all();
  if (auto entrypoint = sessions.find(session_table::entrypoint_id))
    all.push_back(entrypoint.value());
  for (const auto& one : all)
    out.push_back(plain_entry("session", one->id(), one->pid(),
                              one->state() == session::condition::running,
                              "/process/session/" + one->id()));
}

std::vector<std::string> entries_of(const runtime& rt) {
  std::vector<std::string> out;
  for (const auto& one : rt.commands->all()) {
    auto json = command_record_json(*one);
    out.push_back(entry("command", json.substr(1, json.size() - 2),
                        std::string{prefix} + one->id + "/result"));
  }
  list_sessions(*rt.sessions, out);
  for (const auto& one : rt.terminals->all())
    out.push_back(
        plain_entry("pty", one->options().id, one->pid(),
                    one->state() == terminal::condition::running,
                    "/process/pty/" + one->options().id + "/connect"));
  auto contexts = rt.contexts->all();
  if (const auto& common = rt.contexts->default_one())
    contexts.insert(contexts.begin(), common);
  for (const auto& one : contexts)
    out.push_back(plain_entry("interpreter", one->id(), one->pid(),
                              one->is_running(),
                              "/process/interpreter/execute"));
  return out;
}

problem has_completed(const command_record& c) {
  return {410, "COMMAND_ALREADY_COMPLETED",
          "gone: command has already completed with exit code "
              + std::to_string(c.exit_code)};
}

problem output_dropped() {
  return {410, "GONE", "gone: the command's output was dropped"};
}

awaitable<void> wait_for_end(boost::asio::io_context& io,
                             std::shared_ptr<command_record> of) {
  wakeup changed{io};
  wakeup_list::place here{of->changed, changed};
  while (!of->has_ended)
    co_await changed.wait(look_time);
}

} // namespace

awaitable<bool> connection::serve_process() {
  std::string_view path = request_.path;
  if (path == "/process") {
    std::string text;
    for (const auto& one : entries_of(rt_))
      text += (text.empty() ? "" : ",") + one;
    co_return co_await respond(
        json_response(200, "{\"processes\":[" + text + "]}"));
  }
  if (!path.starts_with(prefix))
    co_return co_await respond(unknown_path());
  path.remove_prefix(prefix.size());
  std::string id{path.substr(0, path.find('/'))};
  std::string verb{path.substr(id.size())};
  bool gets = request_.method == "GET";
  auto found = rt_.commands->find(id);
  if ((!gets || (verb != "/result" && verb != "/output" && !verb.empty()))
      && (request_.method != "DELETE" || !verb.empty()))
    co_return co_await respond(unknown_path());
  if (!found)
    co_return co_await respond(not_found("command not found: " + id));
  if (!gets)
    co_return co_await end_command(found);
  if (verb.empty())
    co_return co_await respond(json_response(200, command_record_json(*found)));
  if (!found->outcome)
    co_return co_await respond(output_dropped());
  if (verb == "/output")
    co_return co_await send_output(found);
  auto outcome = found->outcome;
  co_await wait_for_end(rt_.io, found);
  co_return co_await write_outcome(*outcome);
}

awaitable<bool> connection::end_command(std::shared_ptr<command_record> which) {
  // Its pid may be somebody else's by then.
  if (which->has_ended)
    co_return co_await respond(has_completed(*which));
  auto gone = std::make_shared<std::pair<bool, wakeup>>(
      std::piecewise_construct, std::forward_as_tuple(false),
      std::forward_as_tuple(rt_.io));
  auto lives = [which] { return !which->has_ended; };
  end_tree(rt_, which->pid, grace, lives, [gone] {
    gone->first = true;
    gone->second.raise();
  });
  while (!gone->first)
    co_await gone->second.wait(look_time);
  co_return co_await respond(empty_response(204));
}

awaitable<bool> connection::send_output(std::shared_ptr<command_record> of) {
  auto offset = parse_offset(request_);
  if (!offset)
    co_return co_await respond(std::move(offset.error()));
  auto follow = query_value(request_, "follow");
  bool follows = follow && (*follow == "true" || *follow == "1");
  std::vector<name_value> none;
  auto head = response_head(200, "application/octet-stream", none, std::nullopt,
                            request_.keep_alive);
  if (!co_await drain_body() || !co_await write(head))
    co_return false;
  auto held = of->outcome;
  wakeup changed{rt_.io};
  wakeup_list::place here{of->changed, changed};
  for (auto at = offset.value();;) {
    bool ended = of->has_ended || !follows;
    std::string part{held->output.read(at, part_size)};
    at += part.size();
    if (part.empty() && ended)
      break;
    if (part.empty()) {
      co_await changed.wait(look_time);
      continue;
    }
    auto bytes = chunk(part);
    if (!co_await write(bytes))
      co_return false;
  }
  auto last = chunk({});
  co_return co_await write(last);
}

} // namespace varve::toolbox
