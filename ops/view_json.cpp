#include "ops/view_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_from.hpp>

namespace varve::ops {

namespace {

namespace json = boost::json;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value{} : json::value(text);
}

json::value time_or_null(timestamp t) {
  return t == 0 ? json::value{} : json::value(to_iso8601(t));
}

json::object json_of(const schema::Resources& r) {
  return {{"cpuMillis", r.cpu_millis()},
          {"memoryMib", r.memory_mib()},
          {"diskGib", r.disk_gib()},
          {"gpu", r.gpu()}};
}

json::object labels_of(const projections::sandbox_view& v) {
  json::object out;
  for (const auto& [name, value] : v.labels)
    out.emplace(name, value);
  return out;
}

} // namespace

json::object view_json(const projections::sandbox_view& v) {
  return {{"kind", "sandbox"},
          {"id", v.id},
          {"organizationId", v.organization_id},
          {"name", v.name},
          {"version", v.version},
          {"state", projections::name_of(v.state)},
          {"desiredState", v.desired_state},
          {"cause", schema::EnumNameCause(v.cause)},
          {"errorReason", text_or_null(v.error_reason)},
          {"recoverable", v.recoverable},
          {"snapshot", v.snapshot_name},
          {"user", v.user},
          {"labels", labels_of(v)},
          {"public", v.is_public},
          {"resources", json_of(v.resources)},
          {"autoStopInterval", v.auto_stop},
          {"autoPauseInterval", v.auto_pause},
          {"autoArchiveInterval", v.auto_archive},
          {"autoDeleteInterval", v.auto_delete},
          {"destroyAt", time_or_null(v.destroy_at)},
          {"networkBlockAll", v.network_block_all},
          {"networkAllowList", text_or_null(v.network_allow_list)},
          {"runnerId", text_or_null(v.runner_id)},
          {"createdAt", time_or_null(v.created_at)},
          {"updatedAt", time_or_null(v.updated_at)}};
}

json::object view_json(const projections::snapshot_view& v) {
  return {{"kind", "snapshot"},
          {"id", v.id},
          {"organizationId", text_or_null(v.organization_id)},
          {"name", v.name},
          {"state", v.state},
          {"resources", json_of(v.resources)},
          {"sizeBytes", v.size_bytes},
          {"createdAt", time_or_null(v.created_at)},
          {"updatedAt", time_or_null(v.updated_at)}};
}

json::object view_json(const projections::api_key_view& v) {
  return {{"kind", "apiKey"},
          {"organizationId", v.organization_id},
          {"name", v.name},
          {"permissions", json::value_from(v.permissions)},
          {"createdAt", time_or_null(v.created_at)},
          {"expiresAt", time_or_null(v.expires_at)}};
}

json::object view_json(const projections::organization_view& v) {
  return {{"kind", "organization"},
          {"id", v.id},
          {"name", v.name},
          {"defaultRegion", v.default_region},
          {"quota", json::object{{"cpuMillis", v.quota.cpu_millis},
                                 {"memoryMib", v.quota.memory_mib},
                                 {"diskGib", v.quota.disk_gib},
                                 {"sandboxes", v.quota.sandboxes}}}};
}

json::object view_json(const projections::runner_view& v) {
  return {{"kind", "runner"},
          {"id", v.id},
          {"region", v.region},
          {"capacity", json_of(v.capacity)},
          {"registeredAt", time_or_null(v.registered_at)}};
}

} // namespace varve::ops
