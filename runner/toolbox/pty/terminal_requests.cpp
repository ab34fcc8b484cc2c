#include "runner/toolbox/pty/terminal_requests.hpp"

#include <charconv>

#include "runner/toolbox/json_body.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/sessions/session_requests.hpp"

namespace varve::toolbox {

namespace {

constexpr std::size_t id_limit = 256;
constexpr std::int64_t size_limit = 1000;
constexpr std::string_view prefix = "/process/pty";
constexpr std::string_view variables_protocol = "X-Daytona-Pty-Envs";

outcome<void> check_id(const std::string& id) {
  if (id.empty())
    return bad_request("Session ID is required");
  if (id.size() > id_limit || id.find('/') != std::string::npos)
    return bad_request("a PTY session's id has at most 256 bytes and no '/'");
  return boost::outcome_v2::success();
}

// 0 stands for the default.
outcome<void> take_size(const boost::json::object& body, terminal_size& out) {
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  BOOST_OUTCOME_TRYV(take_number(body, "cols", size_limit + 1, columns));
  BOOST_OUTCOME_TRYV(take_number(body, "rows", size_limit + 1, rows));
  if (columns > size_limit || rows > size_limit)
    return invalid_body("'cols' and 'rows' are at most 1000");
  out = {static_cast<unsigned>(columns), static_cast<unsigned>(rows)};
  return boost::outcome_v2::success();
}

outcome<unsigned> query_number(const request& rq, std::string_view name,
                               unsigned otherwise) {
  auto text = query_value(rq, name);
  if (!text || text->empty())
    return otherwise;
  unsigned out = 0;
  auto end = text->data() + text->size();
  auto [rest, ec] = std::from_chars(text->data(), end, out);
  if (ec != std::errc{} || rest != end || out == 0 || out > size_limit)
    return bad_request(std::string{name} + " must be from 1 to 1000");
  return out;
}

// base64url without padding; nullopt when it is none.
std::optional<std::string> decode_base64url(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0;
  unsigned held = 0;
  for (char c : text) {
    auto value = digits.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    held = held << 6 | static_cast<unsigned>(value);
    bits += 6;
    if (bits < 8)
      continue;
    bits -= 8;
    out += static_cast<char>(held >> bits & 255);
    held &= (1u << bits) - 1;
  }
  return out;
}

std::string_view reason_of(int exit_code) {
  switch (exit_code) {
  case 130:
    return "Ctrl+C";
  case 137:
    return "SIGKILL";
  case 143:
    return "SIGTERM";
  default:
    return {};
  }
}

} // namespace

std::optional<terminal_target> find_terminal_target(std::string_view method,
                                                    std::string_view path) {
  using verb = terminal_verb;
  path.remove_prefix(prefix.size());
  bool gets = method == "GET";
  bool posts = method == "POST";
  if (path.empty() && (gets || posts))
    return terminal_target{posts ? verb::create : verb::list, {}};
  if (path.size() < 2)
    return std::nullopt;
  path.remove_prefix(1);
  if (path == "create-connect" && gets)
    return terminal_target{verb::create_connect, {}};
  auto slash = path.find('/');
  std::string id{path.substr(0, slash)};
  auto tail =
      slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
  if (tail.empty() && (gets || method == "DELETE"))
    return terminal_target{gets ? verb::get : verb::remove, id};
  if (tail == "/resize" && posts)
    return terminal_target{verb::resize, id};
  if (tail == "/connect" && gets)
    return terminal_target{verb::connect, id};
  return std::nullopt;
}

outcome<terminal_options> parse_terminal(std::string_view body,
                                         const guest& g) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  terminal_options out;
  terminal_size size;
  std::string cwd;
  BOOST_OUTCOME_TRYV(take_text(members, "id", out.id));
  BOOST_OUTCOME_TRYV(check_id(out.id));
  BOOST_OUTCOME_TRYV(take_text(members, "cwd", cwd));
  BOOST_OUTCOME_TRYV(take_variables(members, "envs", out.variables));
  BOOST_OUTCOME_TRYV(take_size(members, size));
  out.cwd = absolute_folder(cwd, g);
  out.columns = size.columns == 0 ? out.columns : size.columns;
  out.rows = size.rows == 0 ? out.rows : size.rows;
  const auto* lazy = members.if_contains("lazyStart");
  if (lazy != nullptr && !lazy->is_null() && !lazy->is_bool())
    return invalid_body("'lazyStart' must be a boolean");
  out.is_lazy = lazy != nullptr && lazy->is_bool() && lazy->get_bool();
  return out;
}

outcome<terminal_options> parse_terminal_query(const request& rq,
                                               const guest& g) {
  terminal_options out;
  out.id = std::string{query_value(rq, "id").value_or("")};
  BOOST_OUTCOME_TRYV(check_id(out.id));
  out.cwd =
      absolute_folder(std::string{query_value(rq, "cwd").value_or("")}, g);
  BOOST_OUTCOME_TRY(out.columns, query_number(rq, "cols", out.columns));
  BOOST_OUTCOME_TRY(out.rows, query_number(rq, "rows", out.rows));
  auto entry = chosen_subprotocol(rq.subprotocols, variables_protocol);
  if (entry.empty())
    return out;
  auto json = decode_base64url(std::string_view{entry}.substr(
      std::min(entry.size(), entry.find('~') + 1)));
  if (!json)
    return bad_request("the environment variables are not base64url");
  BOOST_OUTCOME_TRY(auto variables, parse_object("{\"envs\":" + *json + "}"));
  BOOST_OUTCOME_TRYV(take_variables(variables, "envs", out.variables));
  return out;
}

outcome<terminal_size> parse_terminal_size(std::string_view body) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  terminal_size out;
  BOOST_OUTCOME_TRYV(take_size(members, out));
  if (out.columns == 0 || out.rows == 0)
    return invalid_body("'cols' and 'rows' must be from 1 to 1000");
  return out;
}

std::string terminal_json(const terminal& t) {
  const auto& options = t.options();
  std::string out = "{\"id\":" + json_string(options.id);
  out += ",\"cwd\":" + json_string(options.cwd) + ",\"envs\":{";
  for (const auto& [name, value] : options.variables) {
    if (out.back() != '{')
      out += ',';
    out += json_string(name) + ":" + json_string(value);
  }
  out += "},\"cols\":" + std::to_string(options.columns);
  out += ",\"rows\":" + std::to_string(options.rows);
  out += ",\"createdAt\":" + json_string(t.created_at());
  bool active = t.state() == terminal::condition::running;
  out += active ? ",\"active\":true" : ",\"active\":false";
  out += options.is_lazy ? ",\"lazyStart\":true}" : ",\"lazyStart\":false}";
  return out;
}

std::string exit_json(int exit_code) {
  auto out = "{\"exitCode\":" + std::to_string(exit_code);
  if (exit_code == 0)
    return out + "}";
  std::string reason{reason_of(exit_code)};
  if (reason.empty())
    reason = exit_code > 128 ? "signal " + std::to_string(exit_code - 128)
                             : "non-zero exit";
  return out + ",\"exitReason\":\"" + reason + "\"}";
}

// Exactly one of those that are offered.
std::string terminal_subprotocol(const request& rq) {
  for (std::string_view wanted : {std::string_view{"X-Daytona-SDK-Version"},
                                  exit_control_protocol, variables_protocol})
    if (auto one = chosen_subprotocol(rq.subprotocols, wanted); !one.empty())
      return one;
  return {};
}

bool wants_exit_control(const request& rq) {
  return !chosen_subprotocol(rq.subprotocols, exit_control_protocol).empty();
}

} // namespace varve::toolbox
