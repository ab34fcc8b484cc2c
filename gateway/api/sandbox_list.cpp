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

namespace {

constexpr std::array<named_sort, 6> cursor_sorts{
    {{"name", sandbox_sort::name},
     {"cpu", sandbox_sort::cpu},
     {"memoryGib", sandbox_sort::memory},
     {"diskGib", sandbox_sort::disk},
     {"lastActivityAt", sandbox_sort::last_activity},
     {"createdAt", sandbox_sort::created}}};
const list_dialect cursor_lists{"regionIds", "lastActivityAt", cursor_sorts};

result<response> list(services& s, const request& r) {
  query_parameters q{r.query};
  VARVE_TRY(auto wanted, read_list_query(q, cursor_lists));
  projections::sandbox_page page;
  if (!wanted.matches_nothing) {
    VARVE_TRY(page,
              s.reads.sandboxes(r.who->organization_id, wanted.filter,
                                q.value("cursor").value_or(""), wanted.limit));
  }
  json::array items;
  for (const auto& v : page.items)
    items.push_back(sandbox_item_json(s, r, v));
  json::object body;
  body["items"] = std::move(items);
  body["nextCursor"] = page.next_cursor.empty() ? json::value(nullptr)
                                                : json::value(page.next_cursor);
  return json_answer(200, std::move(body));
}

} // namespace

answer list_sandboxes(services& s, const request& r) {
  co_return list(s, r);
}

} // namespace varve::gateway
