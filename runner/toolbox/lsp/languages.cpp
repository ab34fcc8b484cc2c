#include "runner/toolbox/lsp/languages.hpp"

#include <algorithm>

namespace varve::toolbox {

namespace {

// No second process for syntax alone, and no types fetched from a registry
// behind the caller's back: a sandbox is small.
constexpr std::string_view typescript_options =
    R"({"disableAutomaticTypingAcquisition":true,)"
    R"("tsserver":{"useSyntaxServer":"never"}})";
constexpr std::string_view typescript_installation =
    "npm install -g typescript-language-server typescript";

const std::vector<std::string_view> script_suffixes{
    ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"};

const language all[] = {
    {"python",
     "pylsp",
     {},
     "pip install python-lsp-server",
     "{}",
     {".py", ".pyi"},
     true,
     false},
    {"typescript",
     "typescript-language-server",
     {"--stdio"},
     typescript_installation,
     typescript_options,
     script_suffixes,
     false,
     true},
    {"javascript",
     "typescript-language-server",
     {"--stdio"},
     typescript_installation,
     typescript_options,
     script_suffixes,
     false,
     true},
};

struct document_kind {
  std::string_view suffix;
  std::string_view name;
};

constexpr document_kind kinds[] = {
    {".tsx", "typescriptreact"}, {".ts", "typescript"},
    {".mts", "typescript"},      {".cts", "typescript"},
    {".jsx", "javascriptreact"}, {".js", "javascript"},
    {".mjs", "javascript"},      {".cjs", "javascript"},
};

} // namespace

const language* find_language(std::string_view id) {
  auto found = std::find_if(std::begin(all), std::end(all),
                            [&](const auto& one) { return one.id == id; });
  return found == std::end(all) ? nullptr : &*found;
}

std::string language_names() {
  std::string out;
  for (const auto& one : all)
    out += (out.empty() ? "" : ", ") + std::string{one.id};
  return out;
}

bool is_source_of(const language& of, std::string_view path) {
  return std::any_of(of.suffixes.begin(), of.suffixes.end(),
                     [&](auto suffix) { return path.ends_with(suffix); });
}

std::string_view document_language(const language& of, std::string_view path) {
  if (is_source_of(of, path))
    for (const auto& kind : kinds)
      if (path.ends_with(kind.suffix))
        return kind.name;
  return of.id;
}

} // namespace varve::toolbox
