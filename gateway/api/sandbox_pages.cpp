// The list by page numbers, which clients up to 0.217 know.
#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/api/sandbox_query.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::sandbox_sort;
using projections::sandbox_view;

namespace {

// Page numbers need the whole list: who has more goes on by cursors.
constexpr std::size_t most_sandboxes = 10'000;
constexpr std::size_t step = 200;

// What no index has the order of is sorted here.
constexpr std::array<named_sort, 8> page_sorts{
    {{"id", sandbox_sort::created},
     {"name", sandbox_sort::name},
     {"state", sandbox_sort::created},
     {"snapshot", sandbox_sort::created},
     {"region", sandbox_sort::created},
     {"updatedAt", sandbox_sort::last_activity},
     {"createdAt", sandbox_sort::created},
     {"lastActivityAt", sandbox_sort::last_activity}}};

// What is left of each while all are counted.
struct place {
  std::string key;
  std::string id;
};

std::string key_of(std::string_view sort, const sandbox_view& v) {
  if (sort == "id")
    return v.id;
  if (sort == "state")
    return std::string{projections::name_of(v.state)};
  if (sort == "snapshot")
    return v.snapshot_name;
  return sort == "region" ? v.region : std::string{};
}

result<std::vector<place>> all_places(services& s, const request& r,
                                      const list_query& wanted,
                                      std::string_view sort) {
  std::vector<place> out;
  std::string cursor;
  do {
    VARVE_TRY(auto page, s.reads.sandboxes(r.who->organization_id,
                                           wanted.filter, cursor, step));
    for (const auto& v : page.items)
      out.push_back({key_of(sort, v), v.id});
    if (out.size() > most_sandboxes)
      return failure(errc::invalid,
                     "More than " + std::to_string(most_sandboxes)
                         + " sandboxes match: list them with GET /sandbox");
    cursor = std::move(page.next_cursor);
  } while (!cursor.empty());
  auto ascending = wanted.filter.ascending;
  std::stable_sort(out.begin(), out.end(),
                   [ascending](const place& a, const place& b) {
                     return ascending ? a.key < b.key : b.key < a.key;
                   });
  return out;
}

result<std::size_t> page_of(const query_parameters& q) {
  auto given = q.value("page");
  if (!given || given->empty())
    return std::size_t{1};
  auto n = whole_number(*given);
  if (!n || *n < 1 || *n > UINT32_MAX)
    return failure(errc::invalid, "page must not be less than 1");
  return static_cast<std::size_t>(*n);
}

result<response> pages(services& s, const request& r) {
  static const list_dialect page_lists{"regions", "createdAt", page_sorts};
  query_parameters q{r.query};
  VARVE_TRY(auto wanted, read_list_query(q, page_lists));
  VARVE_TRY(auto page, page_of(q));
  std::vector<place> places;
  if (!wanted.matches_nothing) {
    VARVE_TRY(places,
              all_places(s, r, wanted, q.value("sort").value_or("createdAt")));
  }
  json::array items;
  for (auto i = (page - 1) * wanted.limit;
       i < std::min(page * wanted.limit, places.size()); ++i) {
    VARVE_TRY(auto view, s.reads.sandbox(r.who->organization_id, places[i].id));
    if (!view)
      continue; // destroyed meanwhile
    VARVE_TRY(auto item, full_sandbox_json(s, r, *view));
    items.push_back(std::move(item));
  }
  json::object body;
  body["items"] = std::move(items);
  body["total"] = places.size();
  body["page"] = page;
  body["totalPages"] = (places.size() + wanted.limit - 1) / wanted.limit;
  return json_answer(200, std::move(body));
}

} // namespace

answer list_sandbox_pages(services& s, const request& r) {
  co_return pages(s, r);
}

} // namespace varve::gateway
