#include "gateway/api/sandbox_json.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/activity.hpp"
#include "gateway/api/quota_json.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::sandbox_state;
using projections::sandbox_view;

namespace {

json::string_view text(std::string_view s) {
  return {s.data(), s.size()};
}

json::object texts(const std::map<std::string, std::string>& m) {
  json::object out;
  for (const auto& [key, value] : m)
    out[key] = value;
  return out;
}

json::value text_or_null(const std::string& s) {
  return s.empty() ? json::value(nullptr) : json::value(s);
}

bool is_going(sandbox_state state) noexcept {
  return state == sandbox_state::destroying
         || state == sandbox_state::destroyed;
}

// The env of a sandbox that is going may be erased already.
result<json::object> env_json(services& s, const sandbox_view& v) {
  if (v.env_sealed.empty())
    return json::object{};
  auto clear = s.secrets.open_sealed(v.id, v.env_sealed);
  if (!clear && is_going(v.state))
    return json::object{};
  if (!clear)
    return prefixed("env of " + v.id, clear.error());
  VARVE_TRY(auto env, env_from_json(clear.value()));
  return texts(env);
}

} // namespace

std::string public_base_url(services& s, const request& r) {
  auto url = s.options.public_url.empty() ? r.base_url : s.options.public_url;
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

std::string toolbox_proxy_url(services& s, const request& r) {
  return public_base_url(s, r) + "/toolbox";
}

json::object sandbox_item_json(services& s, const request& r,
                               const sandbox_view& v) {
  json::object out;
  out["id"] = v.id;
  out["organizationId"] = v.organization_id;
  out["name"] = v.name;
  out["snapshot"] = text_or_null(v.snapshot_name);
  out["user"] = v.user;
  out["labels"] = texts(v.labels);
  out["public"] = v.is_public;
  out["networkBlockAll"] = v.network_block_all;
  out["target"] = v.region;
  out["cpu"] = units(v.resources.cpu_millis(), 1000);
  out["gpu"] = v.resources.gpu();
  out["memory"] = units(v.resources.memory_mib(), 1024);
  out["disk"] = v.resources.disk_gib();
  out["kvm"] = false;
  out["state"] = text(projections::name_of(v.state));
  out["desiredState"] = v.desired_state;
  out["errorReason"] = text_or_null(v.error_reason);
  out["recoverable"] = v.recoverable;
  out["backupState"] = text(v.state == sandbox_state::archived
                                    || v.state == sandbox_state::restoring
                                ? "Completed"
                                : "None");
  out["autoStopInterval"] = v.auto_stop;
  out["autoArchiveInterval"] = v.auto_archive;
  out["autoDeleteInterval"] = v.auto_delete;
  out["autoPauseInterval"] = v.auto_pause;
  if (v.destroy_at != 0)
    out["autoDestroyAt"] = to_iso8601(v.destroy_at);
  out["sandboxClass"] = "container";
  out["runnerId"] = text_or_null(v.runner_id);
  if (!v.toolbox_version.empty())
    out["daemonVersion"] = v.toolbox_version;
  out["createdAt"] = to_iso8601(v.created_at);
  out["updatedAt"] = to_iso8601(v.updated_at);
  out["lastActivityAt"] = to_iso8601(std::max(v.updated_at, s.used.last(v.id)));
  out["toolboxProxyUrl"] = toolbox_proxy_url(s, r);
  return out;
}

result<json::object> full_sandbox_json(services& s, const request& r,
                                       const sandbox_view& v) {
  auto out = sandbox_item_json(s, r, v);
  VARVE_TRY(auto env, env_json(s, v));
  out["env"] = std::move(env);
  out["volumes"] = json::array{};
  out["networkAllowList"] = text_or_null(v.network_allow_list);
  if (v.snapshot_id.empty() && !v.is_built)
    out["buildInfo"] =
        json::object{{"dockerfileContent", "FROM " + v.snapshot_name + "\n"},
                     {"snapshotRef", v.snapshot_name},
                     {"createdAt", to_iso8601(v.created_at)},
                     {"updatedAt", to_iso8601(v.created_at)}};
  return out;
}

namespace {

json::object build_info_json(const projections::snapshot_view& v) {
  return {{"dockerfileContent", v.dockerfile},
          {"contextHashes",
           json::array(v.context_hashes.begin(), v.context_hashes.end())},
          {"snapshotRef", v.image},
          {"createdAt", to_iso8601(v.created_at)},
          {"updatedAt", to_iso8601(v.created_at)}};
}

} // namespace

json::object snapshot_json(services& s, const projections::snapshot_view& v) {
  constexpr double bytes_per_gb = 1024.0 * 1024.0 * 1024.0;
  json::object out;
  out["id"] = v.id;
  if (!v.organization_id.empty())
    out["organizationId"] = v.organization_id;
  out["general"] = v.general;
  out["name"] = v.name;
  if (v.dockerfile.empty())
    out["imageName"] = v.image.empty() ? v.image_ref : v.image;
  else
    out["buildInfo"] = build_info_json(v);
  out["state"] = v.state;
  out["size"] =
      v.size_bytes == 0
          ? json::value(nullptr)
          : json::value(static_cast<double>(v.size_bytes) / bytes_per_gb);
  out["entrypoint"] = nullptr;
  if (!v.entrypoint.empty())
    out["entrypoint"] = json::array(v.entrypoint.begin(), v.entrypoint.end());
  out["cpu"] = units(v.resources.cpu_millis(), 1000);
  out["gpu"] = v.resources.gpu();
  out["mem"] = units(v.resources.memory_mib(), 1024);
  out["disk"] = v.resources.disk_gib();
  out["errorReason"] = text_or_null(v.error_reason);
  out["createdAt"] = to_iso8601(v.created_at);
  out["updatedAt"] = to_iso8601(v.updated_at);
  out["lastUsedAt"] = nullptr;
  if (v.used_at != 0)
    out["lastUsedAt"] = to_iso8601(v.used_at);
  if (!v.image.empty() && !v.image_ref.empty())
    out["ref"] = v.image_ref;
  out["sourceSandboxId"] = nullptr;
  out["regionIds"] = json::array{json::value(s.options.region)};
  out["sandboxClass"] = "container";
  return out;
}

json::object region_json(services& s, const request& r) {
  json::object out;
  out["id"] = s.options.region;
  out["name"] = s.options.region;
  out["organizationId"] = nullptr;
  out["regionType"] = "shared";
  out["createdAt"] = to_iso8601(0);
  out["updatedAt"] = to_iso8601(0);
  out["proxyUrl"] = public_base_url(s, r);
  out["sshGatewayUrl"] = nullptr;
  out["snapshotManagerUrl"] = nullptr;
  return out;
}

} // namespace varve::gateway
