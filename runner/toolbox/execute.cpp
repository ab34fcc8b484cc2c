#include "runner/toolbox/execute.hpp"

#include <cmath>
#include <cstdint>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/launch.hpp"

namespace varve::toolbox {

namespace {

namespace json = boost::json;

constexpr std::int64_t longest_timeout = 10LL * 365 * 24 * 3600;

struct code_request {
  std::string code;
  std::string language;
  std::vector<std::string> arguments;
};

outcome<json::object> parse_object(std::string_view body) {
  boost::system::error_code ec;
  auto value = json::parse({body.data(), body.size()}, ec);
  if (ec)
    return bad_request("invalid request body: " + ec.message());
  if (!value.is_object())
    return bad_request("invalid request body: not a JSON object");
  return std::move(value.get_object());
}

problem wrong_type(std::string_view member, std::string_view wanted) {
  return bad_request("invalid request body: '" + std::string{member}
                     + "' must be " + std::string{wanted});
}

// An absent or null member leaves `out` as it is.
outcome<bool> take_text(const json::object& body, std::string_view name,
                        std::string& out) {
  const auto* value = body.if_contains({name.data(), name.size()});
  if (value == nullptr || value->is_null())
    return false;
  const auto* text = value->if_string();
  if (text == nullptr)
    return wrong_type(name, "a string");
  out.assign(text->data(), text->size());
  if (out.find('\0') != std::string::npos)
    return bad_request("'" + std::string{name} + "' contains a NUL");
  return true;
}

outcome<std::int64_t> whole_number(const json::value& value) {
  auto wrong = wrong_type("timeout", "a whole number of seconds");
  if (const auto* n = value.if_int64(); n != nullptr && *n >= 0)
    return std::min(*n, longest_timeout);
  if (value.is_uint64())
    return longest_timeout;
  if (const auto* d = value.if_double();
      d != nullptr && *d >= 0 && std::floor(*d) == *d)
    return static_cast<std::int64_t>(
        std::min(*d, static_cast<double>(longest_timeout)));
  return wrong;
}

outcome<std::chrono::seconds> take_timeout(const json::object& body) {
  const auto* value = body.if_contains("timeout");
  if (value == nullptr || value->is_null())
    return std::chrono::seconds{0};
  BOOST_OUTCOME_TRY(auto seconds, whole_number(*value));
  return std::chrono::seconds{seconds};
}

outcome<std::vector<name_value>> take_variables(const json::object& body) {
  std::vector<name_value> out;
  const auto* value = body.if_contains("envs");
  if (value == nullptr || value->is_null())
    return out;
  const auto* members = value->if_object();
  if (members == nullptr)
    return wrong_type("envs", "an object of strings");
  for (const auto& member : *members) {
    std::string name{member.key().data(), member.key().size()};
    if (!is_variable_name(name))
      return bad_request("invalid environment variable name: '" + name + "'");
    const auto* text = member.value().if_string();
    if (text == nullptr)
      return wrong_type("envs", "an object of strings");
    if (text->find('\0') != json::string::npos)
      return bad_request("environment variable '" + name + "' contains a NUL");
    out.emplace_back(std::move(name), std::string{text->data(), text->size()});
  }
  return out;
}

outcome<std::vector<std::string>> take_arguments(const json::object& body) {
  std::vector<std::string> out;
  const auto* value = body.if_contains("argv");
  if (value == nullptr || value->is_null())
    return out;
  const auto* items = value->if_array();
  if (items == nullptr)
    return wrong_type("argv", "a list of strings");
  for (const auto& item : *items) {
    const auto* text = item.if_string();
    if (text == nullptr || text->find('\0') != json::string::npos)
      return wrong_type("argv", "a list of strings without NUL");
    out.emplace_back(text->data(), text->size());
  }
  return out;
}

// What both have in common: cwd, envs, timeout.
outcome<command> parse_frame(const json::object& body, const guest& g) {
  command c;
  BOOST_OUTCOME_TRY(auto variables, take_variables(body));
  BOOST_OUTCOME_TRY(c.timeout, take_timeout(body));
  std::string cwd;
  BOOST_OUTCOME_TRYV(take_text(body, "cwd", cwd));
  c.cwd = cwd.empty()          ? g.workdir
          : cwd.front() == '/' ? cwd
                               : g.workdir + "/" + cwd;
  variables.emplace(variables.begin(), "PWD", c.cwd);
  c.environment = with_variables(g.environment, variables);
  return c;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

std::string scratch_name(const command& c) {
  auto folder = variable(c.environment, "TMPDIR");
  std::string out{folder.empty() || folder.front() != '/' ? "/tmp" : folder};
  return out + "/dtn_" + uuid::v4().str() + ".ts";
}

outcome<code_request> take_code(const json::object& body) {
  code_request out;
  BOOST_OUTCOME_TRY(auto has_code, take_text(body, "code", out.code));
  BOOST_OUTCOME_TRY(auto has_language,
                    take_text(body, "language", out.language));
  if (!has_code || out.code.empty())
    return invalid_body("'code' is required");
  if (!has_language || out.language.empty())
    return invalid_body("'language' is required");
  if (out.code.size() > command_text_limit)
    return too_large("code is larger than 1 MiB");
  BOOST_OUTCOME_TRY(out.arguments, take_arguments(body));
  return out;
}

} // namespace

outcome<command> parse_execute(std::string_view body, const guest& g) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  std::string text;
  BOOST_OUTCOME_TRYV(take_text(members, "command", text));
  if (is_blank(text))
    return bad_request("command cannot be empty or whitespace-only");
  if (text.size() > command_text_limit)
    return too_large("command is larger than 1 MiB");
  BOOST_OUTCOME_TRY(auto c, parse_frame(members, g));
  c.start = [text = std::move(text)](const command& own) {
    return start_shell(own, text);
  };
  return c;
}

outcome<command> parse_code_run(std::string_view body, const guest& g) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  BOOST_OUTCOME_TRY(auto code, take_code(members));
  BOOST_OUTCOME_TRY(auto c, parse_frame(members, g));
  auto start = code.language == "python"       ? start_python
               : code.language == "javascript" ? start_javascript
               : code.language == "typescript" ? start_typescript
                                               : nullptr;
  if (start == nullptr)
    return bad_request("unsupported language: " + code.language);
  if (start == start_typescript)
    c.scratch_file = scratch_name(c);
  c.start = [start, code = std::move(code)](const command& own) {
    return start(own, code.code, code.arguments);
  };
  return c;
}

int outcome_status(const command_outcome& done) {
  return done.timed_out ? execution_timeout().status : 200;
}

std::string outcome_opening(const command_outcome& done, const request& rq) {
  if (!done.timed_out)
    return "{\"exitCode\":" + std::to_string(done.exit_code) + ",\"result\":\"";
  auto out = problem_body(execution_timeout(), rq.path, rq.method);
  out.pop_back();
  return out + ",\"output\":\"";
}

std::string outcome_closing(const command_outcome& done) {
  std::string out = "\"";
  if (done.output.is_cut())
    out += ",\"truncated\":true,\"outputBytes\":"
           + std::to_string(done.output.written());
  return out + "}";
}

} // namespace varve::toolbox
