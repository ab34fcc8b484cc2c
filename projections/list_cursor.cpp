#include "projections/list_cursor.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "projections/sandbox_row.hpp"

namespace varve::projections {

namespace {

constexpr std::size_t max_cursor = 4096;
constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (unsigned char c : bytes) {
    bits = (bits << 8) | c;
    for (held += 8; held >= 6; held -= 6)
      out += alphabet[(bits >> (held - 6)) & 63];
  }
  if (held > 0)
    out += alphabet[(bits << (6 - held)) & 63];
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  while (!text.empty() && text.back() == '=')
    text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (char c : text) {
    auto value = alphabet.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held);
    }
  }
  return out;
}

error bad_cursor() {
  return {errc::invalid, "Invalid cursor"};
}

bool take_value(const boost::json::value& from, sandbox_sort sort,
                list_cursor& into) {
  if (sort == sandbox_sort::name) {
    const auto* text = from.if_string();
    if (text != nullptr)
      into.name.assign(text->data(), text->size());
    return text != nullptr;
  }
  const auto* number = from.if_int64();
  if (number == nullptr || *number < 0)
    return false;
  into.number = static_cast<std::uint64_t>(*number);
  return true;
}

} // namespace

list_cursor list_cursor::of(sandbox_sort sort, const sandbox_view& last) {
  list_cursor out;
  if (sort == sandbox_sort::name)
    out.name = last.name;
  else
    out.number = sort_number(sort, last);
  out.id = last.id;
  return out;
}

std::string list_cursor::encode(sandbox_sort sort) const {
  boost::json::object out;
  if (sort == sandbox_sort::name)
    out["sortValue"] = name;
  else
    out["sortValue"] = number;
  out["id"] = id;
  return to_base64url(boost::json::serialize(out));
}

result<list_cursor> list_cursor::decode(sandbox_sort sort,
                                        std::string_view text) {
  if (text.size() > max_cursor)
    return bad_cursor();
  auto json = from_base64url(text);
  if (!json)
    return bad_cursor();
  boost::system::error_code ec;
  auto parsed = boost::json::parse(*json, ec);
  const auto* object = ec ? nullptr : parsed.if_object();
  if (object == nullptr)
    return bad_cursor();
  list_cursor out;
  const auto* value = object->if_contains("sortValue");
  const auto* id = object->if_contains("id");
  if (value == nullptr || id == nullptr || !id->is_string()
      || !take_value(*value, sort, out))
    return bad_cursor();
  out.id.assign(id->get_string().data(), id->get_string().size());
  return out;
}

} // namespace varve::projections
