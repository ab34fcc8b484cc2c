#include "runner/toolbox/execute.hpp"

#include <cstdint>

#include "events/base/ids.hpp"
#include "runner/toolbox/json_body.hpp"
#include "runner/toolbox/launch.hpp"

namespace varve::toolbox {

namespace {

constexpr std::size_t shown_text = 1024;
constexpr std::int64_t longest_timeout = 10LL * 365 * 24 * 3600;

struct code_request {
  std::string code;
  std::string language;
  std::vector<std::string> arguments;
};

// What both have in common: cwd, envs, timeout.
outcome<command> parse_frame(const boost::json::object& body, const guest& g) {
  command c;
  std::vector<name_value> variables;
  std::int64_t seconds = 0;
  std::string cwd;
  BOOST_OUTCOME_TRYV(take_variables(body, "envs", variables));
  BOOST_OUTCOME_TRYV(take_number(body, "timeout", longest_timeout, seconds));
  BOOST_OUTCOME_TRYV(take_text(body, "cwd", cwd));
  c.cwd = absolute_folder(cwd, g);
  c.timeout = std::chrono::seconds{seconds};
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

outcome<code_request> take_code(const boost::json::object& body) {
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
  BOOST_OUTCOME_TRYV(take_texts(body, "argv", out.arguments));
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
  c.text = text.substr(0, shown_text);
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
  c.makes_charts = start == start_python;
  c.text = code.code.substr(0, shown_text);
  c.language = code.language;
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

std::string outcome_chart(const command_outcome& done, std::size_t at) {
  std::string out = at == 0 ? ",\"artifacts\":{\"charts\":[" : ",";
  out += done.charts[at];
  return at + 1 == done.charts.size() ? out + "]}" : out;
}

std::string outcome_closing(const command_outcome& done) {
  std::string out;
  if (done.output.is_cut())
    out += ",\"truncated\":true,\"outputBytes\":"
           + std::to_string(done.output.written());
  return out + "}";
}

} // namespace varve::toolbox
