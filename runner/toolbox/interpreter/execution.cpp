#include "runner/toolbox/interpreter/execution.hpp"

#include "runner/toolbox/json_body.hpp"
#include "runner/toolbox/websocket.hpp"

namespace varve::toolbox {

namespace {

// Every frame has all five members, as texts: clients rely on it.
std::string message(std::string_view kind, std::string_view text,
                    std::string_view name = {}, std::string_view value = {}) {
  std::string out = "{\"type\":" + json_string(kind);
  out += ",\"text\":" + json_string(text);
  out += ",\"name\":" + json_string(name);
  out += ",\"value\":" + json_string(value);
  return out + ",\"traceback\":\"\"}";
}

constexpr std::string_view left_out =
    "{\"type\":\"stderr\",\"text\":\"output was left out: there is no memory "
    "for it\\n\",\"name\":\"\",\"value\":\"\",\"traceback\":\"\"}";

} // namespace

std::string execution::line() const {
  std::string out = "{\"code\":" + json_string(what_.code) + ",\"envs\":{";
  for (const auto& [name, value] : what_.variables) {
    if (out.back() != '{')
      out += ',';
    out += json_string(name) + ":" + json_string(value);
  }
  return out + "}}\n";
}

void execution::add_output(log_stream from, std::string_view bytes) {
  if (!is_watched_)
    return;
  bool is_out = from == log_stream::out;
  std::string out = is_out ? "{\"type\":\"stdout\",\"text\":\""
                           : "{\"type\":\"stderr\",\"text\":\"";
  auto opening = out.size();
  // A character that is cut comes whole with the next bytes.
  (is_out ? out_ : err_).append(bytes, out);
  if (out.size() > opening)
    add(out += "\",\"name\":\"\",\"value\":\"\",\"traceback\":\"\"}");
}

void execution::add_message(std::string_view kind, std::string_view object) {
  if (!is_watched_)
    return;
  auto parsed = parse_object(object);
  if (!parsed || parsed.value().empty())
    return; // the code wrote where only the script does
  std::string out = "{\"type\":" + json_string(kind) + ",";
  add(out += object.substr(object.find('{') + 1));
}

void execution::add_error(std::string_view name, std::string_view value) {
  finish_output();
  add(message("error", {}, name, value));
}

void execution::finish_output() {
  for (auto from : {log_stream::out, log_stream::err}) {
    std::string rest;
    (from == log_stream::out ? out_ : err_).finish(rest);
    if (!rest.empty())
      add(message(from == log_stream::out ? "stdout" : "stderr", rest));
  }
}

void execution::end(std::string_view control, unsigned code,
                    std::string reason) {
  if (ended_)
    return;
  finish_output();
  if (!control.empty())
    add(message("control", control));
  ended_ = true;
  code_ = code;
  reason_ = std::move(reason);
  what_.code = {};
  changed.raise();
}

void execution::abandon() {
  is_watched_ = false;
  frames_.clear();
  queued_ = 0;
}

void execution::add(std::string_view text) {
  if (!is_watched_ || ended_)
    return;
  frame next{{}, budget_share{memory_}};
  if (!next.share.take(text.size()))
    text = left_out;
  next.bytes = ws_frame(ws_kind::text, text);
  queued_ += next.bytes.size();
  frames_.push_back(std::move(next));
  changed.raise();
}

std::string execution::take_frames(std::size_t most) {
  std::string out;
  while (
      !frames_.empty()
      && (out.empty() || out.size() + frames_.front().bytes.size() <= most)) {
    queued_ -= frames_.front().bytes.size();
    out += frames_.front().bytes;
    frames_.pop_front();
  }
  return out;
}

} // namespace varve::toolbox
