// The language servers that are known, one of a language.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varve::toolbox {

struct language {
  std::string_view id; // as callers name it
  std::string_view program;
  std::vector<std::string_view> arguments;
  std::string_view installation; // how an image gets it
  std::string_view options;      // for its start, a JSON object
  std::vector<std::string_view> suffixes;
  // Whether it answers for files that were not opened, and whether it finds
  // symbols of the whole project.
  bool reads_files = false;
  bool finds_symbols = false;
};

// nullptr: none of that name.
const language* find_language(std::string_view id);
std::string language_names();

bool is_source_of(const language& of, std::string_view path);
// What the server is told that a document is.
std::string_view document_language(const language& of, std::string_view path);

} // namespace varve::toolbox
