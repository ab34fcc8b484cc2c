#include "runner/toolbox/work.hpp"

#include <algorithm>

#include "runner/toolbox/command_table.hpp"
#include "runner/toolbox/interpreter/context_table.hpp"
#include "runner/toolbox/pty/terminal.hpp"
#include "runner/toolbox/sessions/session_table.hpp"

namespace varve::toolbox {

namespace {

std::size_t commands_in(const session_table& sessions) {
  std::size_t out = 0;
  for (const auto& one : sessions.all()) {
    if (one->state() == session::condition::ended)
      continue;
    const auto& commands = one->commands();
    out += static_cast<std::size_t>(
        std::count_if(commands.begin(), commands.end(),
                      [](const auto& c) { return !c->has_ended(); }));
  }
  return out;
}

std::size_t commands_in(const command_table& commands) {
  const auto& all = commands.all();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [](const auto& c) { return !c->has_ended; }));
}

std::size_t contexts_at_work(const context_table& contexts) {
  const auto& all = contexts.all();
  auto running = std::count_if(all.begin(), all.end(),
                               [](const auto& c) { return c->is_running(); });
  const auto& usual = contexts.default_one();
  return static_cast<std::size_t>(running)
         + (usual && usual->is_running() ? 1 : 0);
}

std::size_t terminals_at_work(const terminal_table& terminals) {
  const auto& all = terminals.all();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [](const auto& t) { return t->is_at_work(); }));
}

} // namespace

response describe_work(const runtime& rt) {
  std::size_t running = 0;
  if (rt.commands != nullptr)
    running += commands_in(*rt.commands);
  if (rt.contexts != nullptr)
    running += contexts_at_work(*rt.contexts);
  if (rt.sessions != nullptr)
    running += commands_in(*rt.sessions);
  if (rt.terminals != nullptr)
    running += terminals_at_work(*rt.terminals);
  return json_response(200, "{\"running\":" + std::to_string(running) + "}");
}

} // namespace varve::toolbox
