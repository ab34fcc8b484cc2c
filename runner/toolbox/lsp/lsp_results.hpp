// What a language server answered, as callers get it: always a list, and of
// every entry what the contract names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

namespace varve::toolbox {

// A list of symbols that grows; of flat or nested ones.
class symbol_list {
 public:
  static constexpr std::size_t most = 10'000;

  // Of documents whose uris begin with one of these; of all, without any.
  explicit symbol_list(std::vector<std::string> folders = {})
      : folders_{std::move(folders)} {
    // nop
  }

  // `uri` is of the document where a symbol does not say; only names that
  // contain `query` in any case are taken. What is no symbol is left out.
  void add(const boost::json::value& result, const std::string& uri,
           std::string_view query = {});

  // There were more than it may hold; the others are not in it.
  bool is_overfull() const {
    return is_overfull_;
  }
  // "[...]"
  std::string json() const {
    return "[" + text_ + "]";
  }

 private:
  bool is_wanted(const boost::json::value& symbol) const;

  std::vector<std::string> folders_;
  std::string text_;
  std::size_t count_ = 0;
  bool is_overfull_ = false;
};

// Whether the text contains it, without regard to the case of a-z.
bool contains_anycase(std::string_view text, std::string_view part);

// {"isIncomplete":...,"items":[...]} of a list of items, a CompletionList or
// null.
std::string completions_json(const boost::json::value& result);

} // namespace varve::toolbox
