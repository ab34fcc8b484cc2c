#include "runner/toolbox/json_body.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "runner/toolbox/guest.hpp"

namespace varve::toolbox {

namespace json = boost::json;

namespace {

problem wrong_type(std::string_view member, std::string_view wanted) {
  return bad_request("invalid request body: '" + std::string{member}
                     + "' must be " + std::string{wanted});
}

// A parsed value takes much more memory than the comma that made it.
bool has_too_many_values(std::string_view body) {
  constexpr std::size_t most = 200'000;
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (in_string && body[i] == '\\')
      ++i;
    else if (body[i] == '"')
      in_string = !in_string;
    else if (!in_string && (body[i] == ',' || body[i] == '['))
      ++values;
  }
  return values > most;
}

// nullptr for what counts as absent.
const json::value* member_of(const json::object& body, std::string_view name) {
  const auto* value = body.if_contains({name.data(), name.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

outcome<std::string> text_of(const json::value& value, std::string_view name,
                             std::string_view wanted) {
  const auto* text = value.if_string();
  if (text == nullptr)
    return wrong_type(name, wanted);
  if (text->find('\0') != json::string::npos)
    return bad_request("'" + std::string{name} + "' contains a NUL");
  return std::string{text->data(), text->size()};
}

} // namespace

outcome<json::object> parse_object(std::string_view body) {
  if (has_too_many_values(body))
    return too_large("the request's body holds too many values");
  boost::system::error_code ec;
  auto value = json::parse({body.data(), body.size()}, ec);
  if (ec)
    return bad_request("invalid request body: " + ec.message());
  if (!value.is_object())
    return bad_request("invalid request body: not a JSON object");
  return std::move(value.get_object());
}

outcome<bool> take_text(const json::object& body, std::string_view name,
                        std::string& out) {
  const auto* value = member_of(body, name);
  if (value == nullptr)
    return false;
  BOOST_OUTCOME_TRY(out, text_of(*value, name, "a string"));
  return true;
}

outcome<bool> take_texts(const json::object& body, std::string_view name,
                         std::vector<std::string>& out) {
  const auto* value = member_of(body, name);
  if (value == nullptr)
    return false;
  const auto* items = value->if_array();
  if (items == nullptr)
    return wrong_type(name, "a list of strings");
  for (const auto& item : *items) {
    BOOST_OUTCOME_TRY(auto text, text_of(item, name, "a list of strings"));
    out.push_back(std::move(text));
  }
  return true;
}

outcome<bool> take_variables(const json::object& body, std::string_view name,
                             std::vector<name_value>& out) {
  const auto* value = member_of(body, name);
  if (value == nullptr)
    return false;
  const auto* members = value->if_object();
  if (members == nullptr)
    return wrong_type(name, "an object of strings");
  for (const auto& member : *members) {
    std::string key{member.key().data(), member.key().size()};
    if (!is_variable_name(key))
      return bad_request("invalid environment variable name: '" + key + "'");
    BOOST_OUTCOME_TRY(auto text,
                      text_of(member.value(), name, "an object of strings"));
    out.emplace_back(std::move(key), std::move(text));
  }
  return true;
}

outcome<bool> take_number(const json::object& body, std::string_view name,
                          std::int64_t most, std::int64_t& out) {
  const auto* value = member_of(body, name);
  if (value == nullptr)
    return false;
  if (const auto* n = value->if_int64(); n != nullptr && *n >= 0)
    out = std::min(*n, most);
  else if (value->is_uint64())
    out = most;
  else if (const auto* d = value->if_double();
           d != nullptr && *d >= 0 && std::floor(*d) == *d)
    out = static_cast<std::int64_t>(std::min(*d, static_cast<double>(most)));
  else
    return wrong_type(name, "a whole number from 0");
  return true;
}

} // namespace varve::toolbox
