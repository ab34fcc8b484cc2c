// Sandboxes that begin with the files of another, and who is whose.
#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/create_sandbox.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/json_fields.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::sandbox_state;
using projections::sandbox_view;

namespace {

constexpr std::size_t most_forks = 100;
constexpr std::size_t most_ancestors = 50;

result<std::string> name_in(const request& r) {
  if (!r.json)
    return std::string{};
  if (!r.json->is_object())
    return failure(errc::invalid, "the request body must be an object");
  VARVE_TRY(auto name, text_member(r.json->get_object(), "name"));
  VARVE_CHECK(check_display_text("name", name.value_or("")));
  return name.value_or("");
}

// All that the source is now, but its name, its key and the end of its life.
result<CreateSandbox> child_of(services& s, const sandbox_view& source,
                               std::string name) {
  CreateSandbox out;
  out.sandbox_id = uuid::v4().str();
  out.name = std::move(name);
  out.snapshot_id = source.snapshot_id;
  out.snapshot_name = source.snapshot_name;
  out.image_ref = source.image_ref;
  out.user = source.user;
  out.labels = source.labels;
  out.is_public = source.is_public;
  out.region = source.region;
  out.resources = source.resources;
  out.timers.auto_stop = source.auto_stop;
  out.timers.auto_archive = source.auto_archive;
  out.timers.auto_delete = source.auto_delete;
  out.timers.auto_pause = source.auto_pause;
  out.network = {source.network_block_all, source.network_allow_list};
  out.forked_from = source.id;
  out.runner_id = source.runner_id;
  if (source.env_sealed.empty())
    return out;
  VARVE_TRY(auto clear, s.secrets.open_sealed(source.id, source.env_sealed));
  VARVE_TRY(auto env, env_from_json(clear));
  VARVE_CHECK(seal_env(s, env, out));
  return out;
}

// The sandbox it was forked from, while that is there.
result<std::optional<sandbox_view>> parent_of(services& s, const request& r,
                                              const sandbox_view& v) {
  if (v.forked_from.empty())
    return std::optional<sandbox_view>{};
  return s.reads.sandbox(r.who->organization_id, v.forked_from);
}

result<response> rendered(services& s, const request& r,
                          const std::vector<sandbox_view>& views) {
  json::array out;
  for (const auto& v : views) {
    VARVE_TRY(auto body, full_sandbox_json(s, r, v));
    out.push_back(std::move(body));
  }
  return json_answer(200, std::move(out));
}

result<bool> wants_destroyed(const request& r) {
  auto given = query_parameters{r.query}.value("includeDestroyed");
  if (!given || *given == "false")
    return false;
  if (*given == "true")
    return true;
  return failure(errc::invalid,
                 "Validation failed (boolean string is expected)");
}

result<response> forks(services& s, const request& r) {
  VARVE_TRY(auto all, wants_destroyed(r));
  VARVE_TRY(auto source, find_sandbox(s, r, r.captures[0]));
  VARVE_TRY(auto found,
            s.reads.forks(r.who->organization_id, source.id, all, most_forks));
  return rendered(s, r, found);
}

result<response> parent(services& s, const request& r) {
  VARVE_TRY(auto child, find_sandbox(s, r, r.captures[0]));
  VARVE_TRY(auto found, parent_of(s, r, child));
  if (!found)
    return failure(errc::not_found, "Sandbox has no parent");
  VARVE_TRY(auto body, full_sandbox_json(s, r, *found));
  return json_answer(200, std::move(body));
}

// The chain ends where one is gone.
result<response> ancestors(services& s, const request& r) {
  VARVE_TRY(auto child, find_sandbox(s, r, r.captures[0]));
  std::vector<sandbox_view> out;
  VARVE_TRY(auto next, parent_of(s, r, child));
  while (next && out.size() < most_ancestors) {
    out.push_back(std::move(*next));
    VARVE_TRY(next, parent_of(s, r, out.back()));
  }
  std::reverse(out.begin(), out.end());
  return rendered(s, r, out);
}

} // namespace

answer fork_sandbox(services& s, const request& r) {
  auto name = name_in(r);
  if (!name)
    co_return name.error();
  auto source = find_sandbox(s, r, r.captures[0]);
  if (!source)
    co_return source.error();
  auto child = child_of(s, source.value(), std::move(name.value()));
  if (!child)
    co_return child.error();
  auto is = newborn_of(child.value());
  command what = ForkSandbox{source.value().id, std::move(child.value())};
  co_return co_await make_sandbox(s, r, std::move(what), std::move(is));
}

answer list_forks(services& s, const request& r) {
  co_return forks(s, r);
}

answer get_parent(services& s, const request& r) {
  co_return parent(s, r);
}

answer list_ancestors(services& s, const request& r) {
  co_return ancestors(s, r);
}

} // namespace varve::gateway
