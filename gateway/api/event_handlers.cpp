#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/event_history.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr std::uint64_t default_limit = 100;
constexpr std::uint64_t max_limit = 500;

result<std::uint64_t> number_parameter(const query_parameters& q,
                                       std::string_view name,
                                       std::uint64_t otherwise,
                                       std::uint64_t least,
                                       std::uint64_t most) {
  auto text = q.value(name);
  if (!text)
    return otherwise;
  auto number = whole_number(*text);
  if (!number || *number < least || *number > most)
    return failure(errc::invalid, std::string{name} + " must be a number from "
                                      + std::to_string(least) + " to "
                                      + std::to_string(most));
  return *number;
}

} // namespace

answer list_sandbox_events(services& s, const request& r) {
  constexpr std::uint64_t max_version = UINT32_MAX;
  query_parameters q{r.query};
  auto limit = number_parameter(q, "limit", default_limit, 1, max_limit);
  if (!limit)
    co_return limit.error();
  auto after = number_parameter(q, "cursor", 0, 0, max_version);
  if (!after)
    co_return after.error();
  auto found = find_in_history(s, r, r.captures[0]);
  if (!found)
    co_return found.error();
  auto events =
      sandbox_events(s, found.value().id, after.value() + 1, limit.value() + 1);
  if (!events)
    co_return events.error();
  auto& all = events.value();
  bool has_more = all.size() > limit.value();
  if (has_more)
    all.pop_back();
  json::array items;
  for (auto& e : all)
    items.push_back(std::move(e.body));
  json::object body;
  body["items"] = std::move(items);
  body["nextCursor"] = nullptr;
  if (has_more)
    body["nextCursor"] = std::to_string(all.back().version);
  co_return json_answer(200, std::move(body));
}

} // namespace varve::gateway
