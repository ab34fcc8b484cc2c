#include "gateway/api/json_fields.hpp"

#include <cmath>
#include <limits>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/exchange.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr std::size_t max_display_text = 255;

auto refuse(std::string_view name, std::string_view what) {
  return failure(errc::invalid,
                 std::string{name} + " must be " + std::string{what});
}

std::optional<double> as_number(const json::value& v) noexcept {
  if (v.is_int64())
    return static_cast<double>(v.get_int64());
  if (v.is_uint64())
    return static_cast<double>(v.get_uint64());
  if (v.is_double())
    return v.get_double();
  return std::nullopt;
}

bool has_control_character(std::string_view text) noexcept {
  for (unsigned char c : text)
    if (c < 0x20 || c == 0x7f)
      return true;
  return false;
}

bool has_tag(std::string_view text) noexcept {
  auto open = text.find('<');
  return open != std::string_view::npos
         && text.find('>', open) != std::string_view::npos;
}

bool has_url(std::string_view text) noexcept {
  if (text.find("://") != std::string_view::npos)
    return true;
  for (std::size_t i = 0; i + 4 <= text.size(); ++i)
    if (same_ignoring_case(text.substr(i, 4), "www."))
      return true;
  return false;
}

} // namespace

const json::value* member(const json::object& from,
                          std::string_view name) noexcept {
  const auto* found = from.if_contains({name.data(), name.size()});
  return found && !found->is_null() ? found : nullptr;
}

result<std::optional<std::string>> text_member(const json::object& from,
                                               std::string_view name) {
  const auto* v = member(from, name);
  if (!v)
    return std::optional<std::string>{};
  if (!v->is_string())
    return refuse(name, "a string");
  const auto& s = v->get_string();
  return std::optional<std::string>{std::in_place, s.data(), s.size()};
}

result<std::optional<bool>> flag_member(const json::object& from,
                                        std::string_view name) {
  const auto* v = member(from, name);
  if (!v)
    return std::optional<bool>{};
  if (!v->is_bool())
    return refuse(name, "a boolean value");
  return std::optional<bool>{v->get_bool()};
}

result<std::optional<std::int32_t>> number_member(const json::object& from,
                                                  std::string_view name) {
  const auto* v = member(from, name);
  if (!v)
    return std::optional<std::int32_t>{};
  auto n = as_number(*v);
  if (!n)
    return refuse(name, "a number");
  if (std::floor(*n) != *n || *n < std::numeric_limits<std::int32_t>::min()
      || *n > std::numeric_limits<std::int32_t>::max())
    return refuse(name, "a whole number within 32 bits");
  return std::optional<std::int32_t>{static_cast<std::int32_t>(*n)};
}

result<std::optional<std::map<std::string, std::string>>>
texts_member(const json::object& from, std::string_view name) {
  const auto* v = member(from, name);
  if (!v)
    return std::optional<std::map<std::string, std::string>>{};
  if (!v->is_object())
    return refuse(name, "an object of strings");
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : v->get_object()) {
    if (!value.is_string())
      return refuse(name, "an object of strings; member "
                              + std::string{key.data(), key.size()}
                              + " is none");
    const auto& s = value.get_string();
    out.emplace(std::string{key.data(), key.size()},
                std::string{s.data(), s.size()});
  }
  return std::optional{std::move(out)};
}

result<void> check_display_text(std::string_view field, std::string_view text) {
  if (text.size() > max_display_text)
    return failure(errc::invalid,
                   std::string{field} + " must not be longer than 255 bytes");
  if (has_control_character(text) || has_tag(text) || has_url(text))
    return failure(errc::invalid,
                   std::string{field}
                       + " must not contain HTML tags, URLs, or control "
                         "characters");
  return ok();
}

} // namespace varve::gateway
