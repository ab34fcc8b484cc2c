// Percent-encoding and query strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace varve::gateway {

// Nothing for a broken escape or an encoded NUL. `plus_is_space` as in
// queries.
std::optional<std::string> percent_decoded(std::string_view text,
                                           bool plus_is_space = false);

// For a query's value: everything but letters, digits and -._~ escaped.
std::string percent_encoded(std::string_view text);

class query_parameters {
 public:
  // Pairs that cannot be decoded are left out, as if they were not sent.
  explicit query_parameters(std::string_view query);

  // The last of that name, as most servers have it.
  std::optional<std::string> value(std::string_view name) const;
  // "name=a&name=b" and "name[]=a".
  std::vector<std::string> values(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// Digits only, within 64 bits.
std::optional<std::uint64_t> whole_number(std::string_view text) noexcept;

// The query without the parameters of that name, otherwise byte for byte.
std::string without_parameter(std::string_view query, std::string_view name);

// "/a//b" -> "a", "", "b"; still encoded.
std::vector<std::string_view> path_segments(std::string_view path);

} // namespace varve::gateway
