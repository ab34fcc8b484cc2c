#include "gateway/url.hpp"

#include <charconv>

namespace varve::gateway {

namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

// Calls `f` with each part between separators.
template <class F>
void split(std::string_view text, char separator, F f) {
  for (;;) {
    auto at = text.find(separator);
    f(text.substr(0, at));
    if (at == std::string_view::npos)
      return;
    text.remove_prefix(at + 1);
  }
}

} // namespace

std::optional<std::string> percent_decoded(std::string_view text,
                                           bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size())
        return std::nullopt;
      int high = hex_value(text[i + 1]);
      int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0))
        return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool is_plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z')
        || std::string_view{"-._~"}.find(c) != std::string_view::npos;
    if (is_plain)
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

query_parameters::query_parameters(std::string_view query) {
  split(query, '&', [&](std::string_view pair) {
    auto equals = pair.find('=');
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos
                     ? std::string{}
                     : percent_decoded(pair.substr(equals + 1), true);
    if (name && value && !name->empty())
      pairs_.emplace_back(std::move(*name), std::move(*value));
  });
}

std::optional<std::string>
query_parameters::value(std::string_view name) const {
  for (auto i = pairs_.rbegin(); i != pairs_.rend(); ++i)
    if (i->first == name)
      return i->second;
  return std::nullopt;
}

std::vector<std::string> query_parameters::values(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [n, v] : pairs_)
    if (n == name
        || (n.size() == name.size() + 2 && n.ends_with("[]")
            && n.starts_with(name)))
      out.push_back(v);
  return out;
}

std::optional<std::uint64_t> whole_number(std::string_view text) noexcept {
  std::uint64_t n = 0;
  auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), n);
  if (failed != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return n;
}

std::string without_parameter(std::string_view query, std::string_view name) {
  std::string out;
  bool is_there = false;
  split(query, '&', [&](std::string_view pair) {
    auto decoded = percent_decoded(pair.substr(0, pair.find('=')), true);
    if (decoded && *decoded == name) {
      is_there = true;
      return;
    }
    if (!out.empty())
      out += '&';
    out += pair;
  });
  return is_there ? out : std::string{query};
}

std::vector<std::string_view> path_segments(std::string_view path) {
  std::vector<std::string_view> out;
  if (path.starts_with('/'))
    path.remove_prefix(1);
  split(path, '/', [&](std::string_view part) { out.push_back(part); });
  return out;
}

} // namespace varve::gateway
