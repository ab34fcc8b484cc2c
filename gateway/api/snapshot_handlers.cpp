#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::snapshot_view;

namespace {

constexpr std::size_t default_limit = 100;
constexpr std::size_t max_limit = 200;

result<std::size_t> number_parameter(const query_parameters& q,
                                     std::string_view name,
                                     std::size_t otherwise, std::size_t most) {
  auto given = q.value(name);
  if (!given || given->empty())
    return otherwise;
  auto n = whole_number(*given);
  if (!n || *n < 1 || *n > most)
    return failure(errc::invalid, std::string{name}
                                      + " must be a number from 1 to "
                                      + std::to_string(most));
  return *n;
}

// Own ones before general ones, then by the key, then by id.
result<void> order_by(std::vector<snapshot_view>& all,
                      const query_parameters& q) {
  auto sort = q.value("sort").value_or("lastUsedAt");
  auto order = q.value("order").value_or("desc");
  if (sort != "name" && sort != "state" && sort != "lastUsedAt"
      && sort != "createdAt")
    return failure(errc::invalid,
                   "sort must be one of name, state, lastUsedAt, createdAt");
  if (order != "asc" && order != "desc")
    return failure(errc::invalid, "order must be asc or desc");
  auto compare = [&](const snapshot_view& a, const snapshot_view& b) {
    if (sort == "name")
      return a.name.compare(b.name);
    if (sort == "state")
      return a.state.compare(b.state);
    auto when = [&](const snapshot_view& v) {
      return sort == "createdAt" ? v.created_at : v.used_at;
    };
    return when(a) < when(b) ? -1 : when(a) > when(b);
  };
  std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    if (a.general != b.general)
      return b.general;
    auto c = compare(a, b);
    if (c == 0)
      return a.id < b.id;
    return order == "asc" ? c < 0 : c > 0;
  });
  return ok();
}

result<response> list(services& s, const request& r) {
  constexpr std::size_t max_page = 1'000'000;
  query_parameters q{r.query};
  VARVE_TRY(auto page, number_parameter(q, "page", 1, max_page));
  VARVE_TRY(auto limit, number_parameter(q, "limit", default_limit, max_limit));
  VARVE_TRY(auto all, s.reads.snapshots(r.who->organization_id));
  auto part = q.value("name").value_or("");
  std::erase_if(all, [&](const snapshot_view& v) {
    return v.name.find(part) == std::string::npos;
  });
  VARVE_CHECK(order_by(all, q));
  json::array items;
  auto first = std::min((page - 1) * limit, all.size());
  auto last = std::min(first + limit, all.size());
  for (auto i = first; i < last; ++i)
    items.push_back(snapshot_json(s, all[i]));
  json::object body;
  body["items"] = std::move(items);
  body["total"] = all.size();
  body["page"] = page;
  body["totalPages"] = (all.size() + limit - 1) / limit;
  return json_answer(200, std::move(body));
}

result<response> one(services& s, const request& r) {
  const auto& wanted = r.captures[0];
  VARVE_TRY(auto found, s.reads.snapshot(r.who->organization_id, wanted));
  if (!found)
    return failure(errc::not_found,
                   "Snapshot with ID or name " + wanted + " not found");
  return json_answer(200, snapshot_json(s, *found));
}

} // namespace

answer list_snapshots(services& s, const request& r) {
  co_return list(s, r);
}

answer get_snapshot(services& s, const request& r) {
  co_return one(s, r);
}

} // namespace varve::gateway
