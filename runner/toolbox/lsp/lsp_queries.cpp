#include "runner/toolbox/lsp/lsp_queries.hpp"

#include <filesystem>

#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/lsp/lsp_results.hpp"
#include "runner/toolbox/lsp/project_files.hpp"

namespace varve::toolbox {

namespace {

using std::chrono::steady_clock;

constexpr auto answer_time = std::chrono::seconds{30};
constexpr auto search_time = std::chrono::seconds{20};

std::string real_path(const std::string& path) {
  std::error_code ec;
  auto out = std::filesystem::canonical(path, ec);
  return ec ? path : out.string();
}

outcome<response> answer_of(const symbol_list& found) {
  if (found.is_overfull())
    return too_large("there are more than " + std::to_string(symbol_list::most)
                     + " symbols: ask for fewer");
  return json_response(200, found.json());
}

std::string text_document(const std::string& path) {
  return "{\"textDocument\":{\"uri\":" + json_string(file_uri(path)) + "}";
}

} // namespace

void lsp_queries::warm_up() {
  if (!language_.finds_symbols || !documents_.empty())
    return;
  auto first = source_files(project_, language_, 1);
  if (!first.empty()) {
    // One that cannot be read is the business of whoever asks for it.
    [[maybe_unused]] auto tried = documents_.open(first.front());
  }
}

outcome<response> lsp_queries::answer(const lsp_request& what) {
  if (what.verb == lsp_verb::completions)
    return completions(what);
  if (what.verb == lsp_verb::document_symbols)
    return document_symbols(what);
  if (what.verb == lsp_verb::workspace_symbols)
    return workspace_symbols(what);
  BOOST_OUTCOME_TRY(auto path, document_of(what));
  if (what.verb == lsp_verb::did_open) {
    BOOST_OUTCOME_TRYV(documents_.open(path));
  }
  if (what.verb == lsp_verb::did_close)
    documents_.close(path);
  return empty_response(200);
}

outcome<std::string> lsp_queries::document_of(const lsp_request& what) const {
  return path_in_uri(what.uri, workdir_, project_);
}

outcome<void> lsp_queries::prepare(const std::string& path) {
  if (!language_.reads_files)
    return documents_.open(path);
  documents_.refresh(path);
  return boost::outcome_v2::success();
}

outcome<response> lsp_queries::completions(const lsp_request& what) {
  BOOST_OUTCOME_TRY(auto path, document_of(what));
  BOOST_OUTCOME_TRYV(prepare(path));
  auto params = text_document(path)
                + ",\"position\":{\"line\":" + std::to_string(what.line)
                + ",\"character\":" + std::to_string(what.character) + "}";
  if (what.trigger_kind != 0) {
    params +=
        ",\"context\":{\"triggerKind\":" + std::to_string(what.trigger_kind);
    if (!what.trigger_character.empty())
      params += ",\"triggerCharacter\":" + json_string(what.trigger_character);
    params += "}";
  }
  BOOST_OUTCOME_TRY(auto found,
                    server_.ask("textDocument/completion", params + "}",
                                steady_clock::now() + answer_time));
  return json_response(200, completions_json(found));
}

outcome<response> lsp_queries::document_symbols(const lsp_request& what) {
  BOOST_OUTCOME_TRY(auto path, document_of(what));
  BOOST_OUTCOME_TRYV(prepare(path));
  BOOST_OUTCOME_TRY(auto found, server_.ask("textDocument/documentSymbol",
                                            text_document(path) + "}",
                                            steady_clock::now() + answer_time));
  symbol_list out;
  out.add(found, file_uri(path));
  return answer_of(out);
}

outcome<response> lsp_queries::workspace_symbols(const lsp_request& what) {
  if (!language_.finds_symbols)
    return search_files(what.query);
  warm_up();
  if (documents_.empty())
    return json_response(200, "[]");
  BOOST_OUTCOME_TRY(auto found,
                    server_.ask("workspace/symbol",
                                "{\"query\":" + json_string(what.query) + "}",
                                steady_clock::now() + answer_time));
  // Those of the language's own library are not of the project.
  symbol_list out{{file_uri(project_), file_uri(real_path(project_))}};
  out.add(found, file_uri(project_));
  return answer_of(out);
}

outcome<response> lsp_queries::search_files(const std::string& query) {
  auto until = steady_clock::now() + search_time;
  auto paths = source_files(project_, language_, most_project_files + 1);
  if (paths.size() > most_project_files)
    return too_large("the project has more than "
                     + std::to_string(most_project_files)
                     + " source files: choose a smaller one");
  symbol_list out;
  for (const auto& path : paths) {
    // A symbol's name stands in its file: the server need not look at others.
    auto text = read_source(path);
    if (!text || !contains_anycase(text.value(), query))
      continue;
    documents_.refresh(path);
    auto found = server_.ask("textDocument/documentSymbol",
                             text_document(path) + "}", until);
    if (found)
      out.add(found.value(), file_uri(path), query);
    else if (found.error().status != 400)
      return std::move(found.error());
    if (out.is_overfull())
      break;
  }
  return answer_of(out);
}

} // namespace varve::toolbox
