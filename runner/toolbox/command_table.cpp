#include "runner/toolbox/command_table.hpp"

#include <algorithm>

#include "events/base/clock.hpp"
#include "events/base/ids.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

namespace {

std::size_t held_by(const command_record& c) {
  if (!c.has_ended || !c.outcome)
    return 0;
  auto bytes = c.outcome->output.kept();
  for (const auto& chart : c.outcome->charts)
    bytes += chart.size();
  return bytes;
}

} // namespace

std::shared_ptr<command_record> command_table::add(const command& c) {
  auto made = std::make_shared<command_record>();
  made->id = uuid::v4().str();
  made->text = c.text;
  made->language = c.language;
  made->cwd = c.cwd;
  made->started_at = to_iso8601(system_clock{}.now());
  all_.push_back(made);
  return made;
}

void command_table::end(const std::shared_ptr<command_record>& which) {
  which->has_ended = true;
  which->exit_code = which->outcome->exit_code;
  which->changed.raise();
  std::size_t ended = 0;
  std::size_t bytes = 0;
  // From the newest on; whoever still reads what goes holds it.
  for (auto one = all_.rbegin(); one != all_.rend(); ++one) {
    ended += (*one)->has_ended ? 1 : 0;
    bytes += held_by(**one);
    if (bytes > kept_bytes && (*one)->has_ended)
      (*one)->outcome.reset();
  }
  while (ended > kept_commands) {
    all_.erase(std::find_if(all_.begin(), all_.end(),
                            [](const auto& one) { return one->has_ended; }));
    --ended;
  }
}

void command_table::forget(const command_record& which) {
  std::erase_if(all_, [&](const auto& one) { return &*one == &which; });
}

std::shared_ptr<command_record> command_table::find(std::string_view id) const {
  for (const auto& one : all_)
    if (one->id == id)
      return one;
  return nullptr;
}

std::string command_record_json(const command_record& c) {
  std::string out = "{\"id\":" + json_string(c.id);
  out += ",\"command\":" + json_string(c.text);
  if (!c.language.empty())
    out += ",\"language\":" + json_string(c.language);
  out += ",\"cwd\":" + json_string(c.cwd);
  out += ",\"pid\":" + std::to_string(c.pid);
  out += ",\"startedAt\":" + json_string(c.started_at);
  out += c.has_ended ? ",\"running\":false" : ",\"running\":true";
  if (c.has_ended)
    out += ",\"exitCode\":" + std::to_string(c.exit_code);
  if (c.outcome && c.outcome->timed_out)
    out += ",\"timedOut\":true";
  if (c.outcome)
    out += ",\"outputBytes\":" + std::to_string(c.outcome->output.written());
  return out + "}";
}

} // namespace varve::toolbox
