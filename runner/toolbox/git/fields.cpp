#include "runner/toolbox/git/fields.hpp"

#include <boost/json/value.hpp>

#include "runner/toolbox/json_body.hpp"

namespace varve::toolbox::git {

namespace {

constexpr std::size_t body_limit = 4 << 20;

problem of_body(problem p) {
  if (p.status == 400)
    p.code = "INVALID_REQUEST_BODY";
  return p;
}

template <class T>
outcome<T> of_body(outcome<T> result) {
  if (result)
    return result;
  return of_body(std::move(result.error()));
}

} // namespace

outcome<fields> fields::read(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, ex.read_all(body_limit));
  return parse(body);
}

outcome<fields> fields::parse(std::string_view text) {
  BOOST_OUTCOME_TRY(auto body, of_body(parse_object(text)));
  return fields{std::move(body)};
}

outcome<std::string> fields::required(std::string_view name) const {
  BOOST_OUTCOME_TRY(auto out, text(name));
  if (out.empty())
    return invalid_body(std::string{name} + " is required");
  return out;
}

outcome<std::vector<std::string>>
fields::required_list(std::string_view name) const {
  BOOST_OUTCOME_TRY(auto out, list(name));
  if (out.empty())
    return invalid_body(std::string{name} + " is required");
  return out;
}

outcome<std::string> fields::text(std::string_view name,
                                  std::string_view otherwise) const {
  std::string out;
  BOOST_OUTCOME_TRYV(of_body(take_text(body_, name, out)));
  return out.empty() ? std::string{otherwise} : out;
}

outcome<std::vector<std::string>> fields::list(std::string_view name) const {
  std::vector<std::string> out;
  BOOST_OUTCOME_TRYV(of_body(take_texts(body_, name, out)));
  for (const auto& one : out)
    if (one.empty())
      return invalid_body("'" + std::string{name} + "' holds an empty text");
  return out;
}

outcome<bool> fields::flag(std::string_view name) const {
  const auto* value = body_.if_contains({name.data(), name.size()});
  if (value == nullptr || value->is_null())
    return false;
  if (!value->is_bool())
    return invalid_body("'" + std::string{name} + "' must be true or false");
  return value->get_bool();
}

outcome<int> fields::number(std::string_view name, int most) const {
  std::int64_t out = 0;
  BOOST_OUTCOME_TRYV(of_body(take_number(body_, name, most, out)));
  return static_cast<int>(out);
}

bool fields::has(std::string_view name) const {
  const auto* value = body_.if_contains({name.data(), name.size()});
  return value != nullptr && !value->is_null();
}

outcome<std::optional<login>> fields::credentials() const {
  login out;
  BOOST_OUTCOME_TRY(out.user, text("username"));
  BOOST_OUTCOME_TRY(out.password, text("password"));
  if (out.user.empty() || out.password.empty())
    return std::optional<login>{};
  return std::optional{std::move(out)};
}

} // namespace varve::toolbox::git
