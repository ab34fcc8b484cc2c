// What an organization may take, what it has taken, and which sandbox holds
// what of it.
#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "actors/organization/usage.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/quota_json.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;
using organization::amounts;
using organization::holding;
using projections::sandbox_state;
using projections::sandbox_view;

namespace {

constexpr std::size_t default_limit = 100;
constexpr std::size_t max_limit = 200;
constexpr std::size_t rows_at_once = 1000;
constexpr int no_limit = -1; // where clients insist on a number

// As the organization itself counts (actors/organization/evolve.cpp).
std::optional<holding> holding_in(sandbox_state state) noexcept {
  switch (state) {
  case sandbox_state::destroying:
  case sandbox_state::destroyed:
    return std::nullopt;
  case sandbox_state::error:
  case sandbox_state::archived:
    return holding::nothing;
  case sandbox_state::stopped:
  case sandbox_state::archiving:
    return holding::disk;
  case sandbox_state::creating:
  case sandbox_state::started:
  case sandbox_state::stopping:
  case sandbox_state::starting:
  case sandbox_state::pausing:
  case sandbox_state::paused:
  case sandbox_state::resuming:
  case sandbox_state::resizing:
  case sandbox_state::restoring:
  case sandbox_state::pending_build:
  case sandbox_state::pulling_snapshot:
  case sandbox_state::building_snapshot:
    break;
  }
  return holding::all;
}

amounts held_by(const sandbox_view& v) noexcept {
  auto held = holding_in(v.state);
  if (!held)
    return {};
  const auto& r = v.resources;
  return organization::counted(
      {r.cpu_millis(), r.memory_mib(), r.disk_gib(), 1}, *held);
}

json::object amounts_json(const amounts& a) {
  json::object out;
  out["cpu"] = units(a.cpu_millis, 1000);
  out["memory"] = units(a.memory_mib, 1024);
  out["disk"] = a.disk_gib;
  return out;
}

projections::sandbox_filter in_order_of_creation() {
  projections::sandbox_filter out;
  out.sort = projections::sandbox_sort::created;
  out.ascending = true;
  return out;
}

result<amounts> used_by(services& s, const std::string& organization_id) {
  amounts out;
  std::string cursor;
  do {
    VARVE_TRY(auto page,
              s.reads.sandboxes(organization_id, in_order_of_creation(), cursor,
                                rows_at_once));
    for (const auto& v : page.items)
      out += held_by(v);
    cursor = page.next_cursor;
  } while (!cursor.empty());
  return out;
}

result<schema::QuotaT> quota_of(services& s, const std::string& id) {
  VARVE_TRY(auto found, s.reads.organization(id));
  if (!found)
    return failure(errc::not_found, "Organization not found");
  return std::move(found->quota);
}

json::value total(std::uint64_t limit, std::uint64_t unit) {
  return limit == 0 ? json::value(no_limit) : units(limit, unit);
}

json::value at_most(std::uint64_t limit, std::uint64_t unit) {
  return limit == 0 ? json::value(nullptr) : units(limit, unit);
}

json::object region_usage(const services& s, const schema::QuotaT& quota,
                          const amounts& used) {
  json::object out;
  out["regionId"] = s.options.region;
  out["sandboxClass"] = "container";
  out["totalCpuQuota"] = total(quota.cpu_millis, 1000);
  out["currentCpuUsage"] = units(used.cpu_millis, 1000);
  out["totalMemoryQuota"] = total(quota.memory_mib, 1024);
  out["currentMemoryUsage"] = units(used.memory_mib, 1024);
  out["totalDiskQuota"] = total(quota.disk_gib, 1);
  out["currentDiskUsage"] = used.disk_gib;
  out["totalGpuQuota"] = 0;
  out["currentGpuUsage"] = 0;
  out["maxCpuPerSandbox"] = at_most(quota.sandbox_cpu_millis, 1000);
  out["maxMemoryPerSandbox"] = at_most(quota.sandbox_memory_mib, 1024);
  out["maxDiskPerSandbox"] = at_most(quota.sandbox_disk_gib, 1);
  for (auto member : {"maxDiskPerNonEphemeralSandbox", "maxCpuPerGpu",
                      "maxMemoryPerGpu", "maxDiskPerGpu"})
    out[member] = nullptr;
  return out;
}

result<response> organization_usage(services& s, const request& r) {
  const auto& id = r.who->organization_id;
  if (r.captures[0] != id)
    return failure(errc::not_found, "Organization not found");
  VARVE_TRY(auto quota, quota_of(s, id));
  VARVE_TRY(auto used, used_by(s, id));
  VARVE_TRY(auto snapshots, s.reads.snapshots(id));
  auto own = std::count_if(snapshots.begin(), snapshots.end(),
                           [&](const auto& v) { return !v.general; });
  json::object body;
  body["regionUsage"] = json::array{region_usage(s, quota, used)};
  body["totalSnapshotQuota"] = no_limit;
  body["currentSnapshotUsage"] = own;
  body["totalVolumeQuota"] = no_limit;
  body["currentVolumeUsage"] = 0;
  return json_answer(200, std::move(body));
}

json::object holder_json(const sandbox_view& v) {
  json::object out;
  out["sandboxId"] = v.id;
  out["name"] = v.name;
  out["state"] = std::string{projections::name_of(v.state)};
  out["holds"] = amounts_json(held_by(v));
  return out;
}

result<std::size_t> limit_of(const query_parameters& q) {
  auto given = q.value("limit");
  if (!given)
    return default_limit;
  auto n = whole_number(*given);
  if (!n || *n < 1 || *n > max_limit)
    return failure(errc::invalid, "limit must be a number from 1 to "
                                      + std::to_string(max_limit));
  return *n;
}

result<response> usage_by_holder(services& s, const request& r) {
  const auto& id = r.who->organization_id;
  query_parameters q{r.query};
  VARVE_TRY(auto limit, limit_of(q));
  VARVE_TRY(auto quota, quota_of(s, id));
  VARVE_TRY(auto used, used_by(s, id));
  VARVE_TRY(auto page,
            s.reads.sandboxes(id, in_order_of_creation(),
                              q.value("cursor").value_or(""), limit));
  json::array holders;
  for (const auto& v : page.items)
    if (holding_in(v.state))
      holders.push_back(holder_json(v));
  json::object body;
  body["organizationId"] = id;
  body["quota"] = quota_json(quota);
  body["used"] = amounts_json(used);
  body["used"].as_object()["sandboxes"] = used.sandboxes;
  body["holders"] = std::move(holders);
  body["nextCursor"] = page.next_cursor.empty() ? json::value(nullptr)
                                                : json::value(page.next_cursor);
  return json_answer(200, std::move(body));
}

} // namespace

answer get_organization_usage(services& s, const request& r) {
  co_return organization_usage(s, r);
}

answer list_usage(services& s, const request& r) {
  co_return usage_by_holder(s, r);
}

answer get_start_queue(services& s, const request&) {
  auto now = s.options.starts ? s.options.starts() : start_queue{};
  json::object body;
  body["waiting"] = now.waiting;
  body["working"] = now.working;
  co_return json_answer(200, std::move(body));
}

} // namespace varve::gateway
