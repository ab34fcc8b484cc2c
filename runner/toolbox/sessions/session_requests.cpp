#include "runner/toolbox/sessions/session_requests.hpp"

#include <charconv>
#include <tuple>
#include <vector>

#include "runner/toolbox/execute.hpp"
#include "runner/toolbox/json_body.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

namespace {

constexpr std::size_t id_limit = 256;
constexpr std::string_view prefix = "/process/session";
constexpr std::string_view version_protocol = "X-Daytona-SDK-Version";

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  for (;;) {
    auto end = text.find(at);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return out;
    text.remove_prefix(end + 1);
  }
}

using version = std::tuple<unsigned, unsigned, unsigned>;
constexpr version newest{~0u, 0, 0};

// What cannot be read counts as newest, as "unknown" does.
version parse_version(std::string_view text) {
  if (text.starts_with('v'))
    text.remove_prefix(1);
  unsigned part[3] = {};
  for (int i = 0; i < 3; ++i) {
    auto end = text.data() + text.size();
    auto [rest, ec] = std::from_chars(text.data(), end, part[i]);
    if (ec != std::errc{})
      return newest;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (i < 2 && !text.starts_with('.'))
      return newest;
    if (i < 2)
      text.remove_prefix(1);
  }
  return {part[0], part[1], part[2]};
}

std::string version_text(const request& rq) {
  if (!rq.sdk_version.empty())
    return rq.sdk_version;
  auto entry = chosen_subprotocol(rq.subprotocols, version_protocol);
  auto at = entry.find('~');
  return at == std::string::npos ? std::string{} : entry.substr(at + 1);
}

std::optional<version> version_of(const request& rq) {
  auto text = version_text(rq);
  if (text.empty())
    return std::nullopt;
  return text.find("dev") != std::string::npos ? newest : parse_version(text);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

outcome<bool> take_flag(const boost::json::object& body,
                        std::string_view name) {
  const auto* value = body.if_contains(name);
  if (value == nullptr || value->is_null())
    return false;
  if (const auto* flag = value->if_bool())
    return *flag;
  return invalid_body("'" + std::string{name} + "' must be a boolean");
}

std::string exit_code_member(const session_command& c) {
  return c.exit_code ? ",\"exitCode\":" + std::to_string(*c.exit_code)
                     : std::string{};
}

} // namespace

std::optional<session_target> find_session_target(std::string_view method,
                                                  std::string_view path) {
  path.remove_prefix(prefix.size());
  auto parts = split(path, '/');
  auto count = parts.size();
  bool gets = method == "GET";
  bool posts = method == "POST";
  using verb = session_verb;
  if (count == 1 && (gets || posts))
    return session_target{posts ? verb::create : verb::list, {}, {}};
  if (count < 2 || parts[1].empty())
    return std::nullopt;
  const auto& id = parts[1];
  if (count == 2 && (gets || method == "DELETE"))
    return session_target{gets ? verb::get : verb::remove, id, {}};
  if (count == 3 && posts && parts[2] == "exec")
    return session_target{verb::run, id, {}};
  if (count == 3 && gets && id == "entrypoint" && parts[2] == "logs")
    return session_target{verb::logs, id, "entrypoint_command"};
  if (count < 4 || parts[2] != "command" || parts[3].empty())
    return std::nullopt;
  if (count == 4 && gets)
    return session_target{verb::command, id, parts[3]};
  if (count == 5 && posts && parts[4] == "input")
    return session_target{verb::input, id, parts[3]};
  if (count == 5 && gets && parts[4] == "logs")
    return session_target{verb::logs, id, parts[3]};
  return std::nullopt;
}

output_style style_for(const request& rq) {
  auto v = version_of(rq);
  if (!v)
    // Clients that follow without a version take the markers apart.
    return rq.wants_split || !rq.websocket_key.empty() ? output_style::marked
                                                       : output_style::combined;
  if (*v < version{0, 27, 0})
    return output_style::combined;
  return *v < version{0, 167, 0} ? output_style::marked : output_style::split;
}

bool begins_at_home(const request& rq) {
  auto v = version_of(rq);
  return v && *v < version{0, 103, 0} && *v != version{0, 0, 0};
}

std::string chosen_subprotocol(std::string_view offered,
                               std::string_view wanted) {
  for (std::string_view one : split(offered, ',')) {
    while (one.starts_with(' ') || one.starts_with('\t'))
      one.remove_prefix(1);
    while (one.ends_with(' ') || one.ends_with('\t'))
      one.remove_suffix(1);
    if (one.substr(0, one.find('~')) == wanted)
      return std::string{one};
  }
  return {};
}

outcome<std::string> parse_session_id(std::string_view body) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  std::string id;
  BOOST_OUTCOME_TRYV(take_text(members, "sessionId", id));
  if (id.empty())
    return invalid_body("'sessionId' is required");
  if (id.size() > id_limit)
    return bad_request("the session's id is longer than 256 bytes");
  if (id.find('/') != std::string::npos)
    return bad_request("a session's id cannot contain '/'");
  if (id == "entrypoint")
    return bad_request("the session id 'entrypoint' is reserved");
  return id;
}

outcome<session_run_request> parse_session_run(std::string_view body) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  session_run_request out;
  BOOST_OUTCOME_TRYV(take_text(members, "command", out.command));
  if (is_blank(out.command))
    return invalid_body("command cannot be empty or whitespace-only");
  if (out.command.size() > command_text_limit)
    return too_large("command is larger than 1 MiB");
  BOOST_OUTCOME_TRY(auto run_async, take_flag(members, "runAsync"));
  BOOST_OUTCOME_TRY(auto legacy_async, take_flag(members, "async"));
  BOOST_OUTCOME_TRY(auto silent, take_flag(members, "suppressInputEcho"));
  out.is_async = run_async || legacy_async;
  out.echoes_input = !silent;
  return out;
}

outcome<std::string> parse_session_input(std::string_view body) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  // Input may hold any byte JSON can carry.
  const auto* data = members.if_contains("data");
  const auto* text = data == nullptr ? nullptr : data->if_string();
  if (text == nullptr || text->empty())
    return invalid_body("'data' is required");
  if (text->size() > session::input_limit)
    return too_large("the input is larger than 1 MiB");
  return std::string{text->data(), text->size()};
}

outcome<std::uint64_t> parse_offset(const request& rq) {
  auto text = query_value(rq, "offset");
  if (!text)
    return 0;
  std::uint64_t out = 0;
  auto end = text->data() + text->size();
  auto [rest, ec] = std::from_chars(text->data(), end, out);
  if (ec != std::errc{} || rest != end || text->empty())
    return bad_request("offset must be a whole number from 0");
  return out;
}

std::string session_json(const session& s) {
  std::string out = "{\"sessionId\":" + json_string(s.id());
  out += ",\"commands\":[";
  for (const auto& one : s.commands()) {
    if (out.back() != '[')
      out += ',';
    out += command_json(*one);
  }
  return out + "]}";
}

std::string command_json(const session_command& c) {
  return "{\"id\":" + json_string(c.id) + ",\"command\":" + json_string(c.text)
         + exit_code_member(c) + "}";
}

} // namespace varve::toolbox
