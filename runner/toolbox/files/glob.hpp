// Shell patterns for file names: * ? [a-z] [^a-z] and \ before any character.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace varve::toolbox::files {

class glob {
 public:
  // nullopt when the pattern is malformed: an open or empty class, a range
  // that ends before it begins, a backslash at the end.
  static std::optional<glob> parse(std::string_view pattern);

  // The whole name, by characters of UTF-8; '*' and '?' do not match '/'.
  bool matches(std::string_view name) const;

 private:
  struct token {
    enum class kind { one, any, star, set } what = kind::one;
    bool negated = false;
    std::vector<std::pair<unsigned, unsigned>> ranges;

    bool fits(unsigned point) const;
  };

  static bool parse_set(const std::vector<unsigned>& pattern, std::size_t& i,
                        token& out);

  std::vector<token> tokens_;
};

} // namespace varve::toolbox::files
