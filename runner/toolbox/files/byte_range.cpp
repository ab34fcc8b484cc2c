#include "runner/toolbox/files/byte_range.hpp"

#include <algorithm>
#include <charconv>

namespace varve::toolbox::files {

namespace {

bool parse_number(std::string_view text, std::uint64_t& out) {
  auto end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, out);
  return ec == std::errc{} && rest == end;
}

byte_range last_bytes(std::uint64_t count, std::uint64_t size) {
  if (count == 0 || size == 0)
    return {range_kind::unsatisfiable, 0, 0};
  auto length = std::min(count, size);
  return {range_kind::part, size - length, length};
}

} // namespace

byte_range parse_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit))
    return {range_kind::whole, 0, size};
  header.remove_prefix(unit.size());
  auto dash = header.find('-');
  byte_range whole{range_kind::whole, 0, size};
  if (dash == std::string_view::npos
      || header.find(',') != std::string_view::npos)
    return whole;
  std::uint64_t first = 0;
  std::uint64_t last = size - 1;
  auto tail = header.substr(dash + 1);
  if (dash == 0)
    return parse_number(tail, last) ? last_bytes(last, size) : whole;
  if (!parse_number(header.substr(0, dash), first)
      || (!tail.empty() && !parse_number(tail, last)))
    return whole;
  if (!tail.empty() && last < first)
    return whole;
  if (first >= size)
    return {range_kind::unsatisfiable, 0, 0};
  last = std::min(last, size - 1);
  return {range_kind::part, first, last - first + 1};
}

} // namespace varve::toolbox::files
