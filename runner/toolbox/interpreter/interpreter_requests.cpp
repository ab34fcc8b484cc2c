#include "runner/toolbox/interpreter/interpreter_requests.hpp"

#include <cstdint>

#include "runner/toolbox/execute.hpp"
#include "runner/toolbox/json_body.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/websocket.hpp"

namespace varve::toolbox {

namespace {

constexpr std::string_view prefix = "/process/interpreter";
constexpr std::int64_t longest_timeout = 10LL * 365 * 24 * 3600;

problem refused(std::string message) {
  return {static_cast<int>(ws_code::policy_violation), "BAD_REQUEST",
          std::move(message)};
}

// A close has no room for more than the message.
problem refused(problem p) {
  constexpr std::string_view opening = "bad request: ";
  if (p.message.starts_with(opening))
    p.message.erase(0, opening.size());
  return refused(std::move(p.message));
}

bool is_negative(const boost::json::object& body, std::string_view name) {
  const auto* value = body.if_contains({name.data(), name.size()});
  if (value == nullptr)
    return false;
  return (value->is_int64() && value->get_int64() < 0)
         || (value->is_double() && value->get_double() < 0);
}

outcome<void> take_members(const boost::json::object& body,
                           execution_request& out) {
  BOOST_OUTCOME_TRYV(take_text(body, "code", out.code));
  BOOST_OUTCOME_TRYV(take_text(body, "contextId", out.context));
  BOOST_OUTCOME_TRYV(take_variables(body, "envs", out.variables));
  std::int64_t seconds = out.timeout.count();
  BOOST_OUTCOME_TRYV(take_number(body, "timeout", longest_timeout, seconds));
  out.timeout = std::chrono::seconds{seconds};
  return boost::outcome_v2::success();
}

} // namespace

std::optional<interpreter_target>
find_interpreter_target(std::string_view method, std::string_view path) {
  using verb = interpreter_verb;
  constexpr std::string_view contexts = "/context";
  path.remove_prefix(prefix.size());
  if (path == "/execute" && method == "GET")
    return interpreter_target{verb::execute, {}};
  if (!path.starts_with(contexts))
    return std::nullopt;
  path.remove_prefix(contexts.size());
  if (path.empty() && (method == "GET" || method == "POST"))
    return interpreter_target{method == "GET" ? verb::list : verb::create, {}};
  if (path.size() < 2 || path.front() != '/')
    return std::nullopt;
  path.remove_prefix(1);
  auto slash = path.find('/');
  std::string id{path.substr(0, slash)};
  auto tail =
      slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
  if (tail.empty() && method == "DELETE")
    return interpreter_target{verb::remove, id};
  if (tail == "/interrupt" && method == "POST")
    return interpreter_target{verb::interrupt, id};
  return std::nullopt;
}

outcome<std::string> parse_context(std::string_view body, const guest& g) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  std::string cwd;
  std::string language;
  BOOST_OUTCOME_TRYV(take_text(members, "cwd", cwd));
  BOOST_OUTCOME_TRYV(take_text(members, "language", language));
  if (!language.empty() && language != "python")
    return bad_request("unsupported language: " + language
                       + " (only python is)");
  return absolute_folder(cwd, g);
}

outcome<execution_request> parse_execution(std::string_view message) {
  auto body = parse_object(message);
  if (!body)
    return problem{static_cast<int>(ws_code::protocol_error), "BAD_REQUEST",
                   "invalid JSON payload"};
  execution_request out;
  if (is_negative(body.value(), "timeout"))
    return refused("timeout must be greater than or equal to 0");
  if (auto taken = take_members(body.value(), out); !taken)
    return refused(std::move(taken.error()));
  if (out.code.empty())
    return refused("code is required");
  if (out.code.size() > command_text_limit)
    return refused("code is larger than 1 MiB");
  return out;
}

std::string context_json(const interpreter_context& c) {
  std::string out = "{\"id\":" + json_string(c.id());
  out += ",\"cwd\":" + json_string(c.cwd());
  out += ",\"createdAt\":" + json_string(c.created_at());
  out += c.is_active() ? ",\"active\":true" : ",\"active\":false";
  return out + ",\"language\":\"python\"}";
}

} // namespace varve::toolbox
