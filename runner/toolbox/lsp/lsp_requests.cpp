#include "runner/toolbox/lsp/lsp_requests.hpp"

#include <boost/json/value.hpp>

#include "runner/toolbox/json_body.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

namespace {

namespace json = boost::json;

constexpr std::int64_t number_limit = 2'147'483'647;

struct named_verb {
  std::string_view method;
  std::string_view path;
  lsp_verb verb;
};

// The last is how the main API's older form spells it.
constexpr named_verb verbs[] = {
    {"POST", "/lsp/start", lsp_verb::start},
    {"POST", "/lsp/stop", lsp_verb::stop},
    {"POST", "/lsp/did-open", lsp_verb::did_open},
    {"POST", "/lsp/did-close", lsp_verb::did_close},
    {"POST", "/lsp/completions", lsp_verb::completions},
    {"GET", "/lsp/document-symbols", lsp_verb::document_symbols},
    {"GET", "/lsp/workspacesymbols", lsp_verb::workspace_symbols},
    {"GET", "/lsp/workspace-symbols", lsp_verb::workspace_symbols},
};

bool has_uri(lsp_verb verb) {
  return verb != lsp_verb::start && verb != lsp_verb::stop
         && verb != lsp_verb::workspace_symbols;
}

outcome<void> take_required(const json::object& body, std::string_view name,
                            std::string& out) {
  BOOST_OUTCOME_TRYV(take_text(body, name, out));
  if (out.empty())
    return invalid_body("'" + std::string{name} + "' is required");
  return boost::outcome_v2::success();
}

// 0 is a position like any other.
outcome<void> take_position(const json::object& body, lsp_request& out) {
  const auto* member = body.if_contains("position");
  const auto* position = member == nullptr ? nullptr : member->if_object();
  if (position == nullptr)
    return invalid_body("'position' is required");
  BOOST_OUTCOME_TRY(auto line,
                    take_number(*position, "line", number_limit, out.line));
  BOOST_OUTCOME_TRY(auto character, take_number(*position, "character",
                                                number_limit, out.character));
  if (!line || !character)
    return invalid_body("'position' needs 'line' and 'character'");
  return boost::outcome_v2::success();
}

outcome<void> take_context(const json::object& body, lsp_request& out) {
  const auto* member = body.if_contains("context");
  if (member == nullptr || member->is_null())
    return boost::outcome_v2::success();
  const auto* context = member->if_object();
  if (context == nullptr)
    return invalid_body("'context' must be an object");
  BOOST_OUTCOME_TRYV(take_number(*context, "triggerKind", 3, out.trigger_kind));
  BOOST_OUTCOME_TRYV(
      take_text(*context, "triggerCharacter", out.trigger_character));
  return boost::outcome_v2::success();
}

outcome<void> check_language(const lsp_request& what) {
  if (find_language(what.language) == nullptr)
    return bad_request("unsupported language: " + what.language + " (there are "
                       + language_names() + ")");
  return boost::outcome_v2::success();
}

std::string member(std::string_view name, std::string_view value) {
  return ",\"" + std::string{name} + "\":" + json_string(value);
}

std::string member(std::string_view name, std::int64_t value) {
  return ",\"" + std::string{name} + "\":" + std::to_string(value);
}

} // namespace

std::optional<lsp_verb> find_lsp_verb(std::string_view method,
                                      std::string_view path) {
  for (const auto& one : verbs)
    if (one.method == method && one.path == path)
      return one.verb;
  return std::nullopt;
}

outcome<lsp_request> parse_lsp_body(lsp_verb verb, std::string_view body) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  lsp_request out;
  out.verb = verb;
  BOOST_OUTCOME_TRYV(take_required(members, "languageId", out.language));
  BOOST_OUTCOME_TRYV(take_required(members, "pathToProject", out.project));
  BOOST_OUTCOME_TRYV(check_language(out));
  if (has_uri(verb)) {
    BOOST_OUTCOME_TRYV(take_required(members, "uri", out.uri));
  }
  if (verb == lsp_verb::completions) {
    BOOST_OUTCOME_TRYV(take_position(members, out));
    BOOST_OUTCOME_TRYV(take_context(members, out));
  }
  return out;
}

outcome<lsp_request> parse_lsp_query(lsp_verb verb, const request& rq) {
  lsp_request out;
  out.verb = verb;
  auto take = [&](std::string_view name, std::string& to) {
    to = std::string{query_value(rq, name).value_or("")};
    return !to.empty();
  };
  if (!take("languageId", out.language))
    return bad_request("languageId is required");
  if (!take("pathToProject", out.project))
    return bad_request("pathToProject is required");
  if (has_uri(verb) && !take("uri", out.uri))
    return bad_request("uri is required");
  if (verb == lsp_verb::workspace_symbols && !take("query", out.query))
    return bad_request("query is required");
  BOOST_OUTCOME_TRYV(check_language(out));
  return out;
}

std::string pack_lsp_request(const lsp_request& what, const request& rq) {
  auto out = "{\"verb\":" + std::to_string(static_cast<int>(what.verb));
  out += member("uri", what.uri) + member("query", what.query);
  out += member("line", what.line) + member("character", what.character);
  out += member("triggerKind", what.trigger_kind);
  out += member("triggerCharacter", what.trigger_character);
  out += member("method", rq.method) + member("path", rq.path);
  return out + member("keepAlive", std::int64_t{rq.keep_alive}) + "}";
}

outcome<lsp_request> unpack_lsp_request(std::string_view text, request& rq) {
  BOOST_OUTCOME_TRY(auto members, parse_object(text));
  lsp_request out;
  std::int64_t verb = 0;
  std::int64_t keep_alive = 0;
  BOOST_OUTCOME_TRYV(take_number(members, "verb", number_limit, verb));
  BOOST_OUTCOME_TRYV(take_text(members, "uri", out.uri));
  BOOST_OUTCOME_TRYV(take_text(members, "query", out.query));
  BOOST_OUTCOME_TRYV(take_number(members, "line", number_limit, out.line));
  BOOST_OUTCOME_TRYV(
      take_number(members, "character", number_limit, out.character));
  BOOST_OUTCOME_TRYV(
      take_number(members, "triggerKind", number_limit, out.trigger_kind));
  BOOST_OUTCOME_TRYV(
      take_text(members, "triggerCharacter", out.trigger_character));
  BOOST_OUTCOME_TRYV(take_text(members, "method", rq.method));
  BOOST_OUTCOME_TRYV(take_text(members, "path", rq.path));
  BOOST_OUTCOME_TRYV(take_number(members, "keepAlive", 1, keep_alive));
  out.verb = static_cast<lsp_verb>(verb);
  rq.keep_alive = keep_alive != 0;
  return out;
}

problem lsp_not_started(int status, std::string message) {
  return {status, "LSP_SERVER_NOT_INITIALIZED", std::move(message)};
}

} // namespace varve::toolbox
