// What requests about language servers say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runner/toolbox/lsp/languages.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox {

enum class lsp_verb {
  start,
  stop,
  did_open,
  did_close,
  completions,
  document_symbols,
  workspace_symbols
};

struct lsp_request {
  lsp_verb verb = lsp_verb::start;
  std::string language;
  std::string project; // as the caller wrote it
  std::string uri;     // likewise
  std::string query;
  std::int64_t line = 0;
  std::int64_t character = 0;
  std::int64_t trigger_kind = 0; // 0: no context
  std::string trigger_character;
};

// Nullopt: no such path.
std::optional<lsp_verb> find_lsp_verb(std::string_view method,
                                      std::string_view path);

// Of a body, or of the query where the verb has none.
outcome<lsp_request> parse_lsp_body(lsp_verb verb, std::string_view body);
outcome<lsp_request> parse_lsp_query(lsp_verb verb, const request& rq);

// One request, as PID 1 hands it to a server's keeper, with what an answer
// needs to know.
std::string pack_lsp_request(const lsp_request& what, const request& rq);
outcome<lsp_request> unpack_lsp_request(std::string_view text, request& rq);

problem lsp_not_started(int status, std::string message);

} // namespace varve::toolbox
