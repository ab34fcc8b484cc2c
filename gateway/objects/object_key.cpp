#include "gateway/objects/object_key.hpp"

#include <algorithm>

namespace varve::gateway {

bool is_key_part(std::string_view text) noexcept {
  constexpr std::size_t longest = 128;
  if (text.empty() || text.size() > longest || text.front() == '.')
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
  });
}

std::optional<object_key> object_key::parse(std::string_view text) {
  auto first = text.find('/');
  if (first == std::string_view::npos)
    return std::nullopt;
  auto second = text.find('/', first + 1);
  if (second == std::string_view::npos)
    return std::nullopt;
  object_key out{std::string{text.substr(0, first)},
                 std::string{text.substr(first + 1, second - first - 1)},
                 std::string{text.substr(second + 1)}};
  if (!is_key_part(out.organization) || !is_key_part(out.hash)
      || !is_key_part(out.name))
    return std::nullopt;
  return out;
}

std::string object_key::text() const {
  return organization + "/" + hash + "/" + name;
}

} // namespace varve::gateway
