#include "gateway/api/routes.hpp"

#include <array>

#include "gateway/api/build_log.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/registry_handlers.hpp"
#include "gateway/api/warm_pool_handlers.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

using enum route::access;

constexpr std::string_view writes = "write:sandboxes";
constexpr std::string_view deletes = "delete:sandboxes";
constexpr std::string_view keeps = "write:registries";
constexpr std::string_view drops = "delete:registries";
constexpr std::string_view writes_snapshots = "write:snapshots";
constexpr std::string_view deletes_snapshots = "delete:snapshots";

constexpr std::array<route, 61> table{{
    {"GET", "/api/health", anybody, "", false, health},
    {"GET", "/api/config", anybody, "", false, get_config},
    {"GET", "/api/shared-regions", anybody, "", false, list_regions},
    {"GET", "/api/regions", key, "", false, list_regions},
    {"GET", "/api/regions/{id}", key, "", false, get_region},
    {"GET", "/api/api-keys/current", key, "", false, current_api_key},
    {"GET", "/api/snapshots", key, "", false, list_snapshots},
    {"POST", "/api/snapshots", key, writes_snapshots, true, create_snapshot},
    {"GET", "/api/snapshots/{id}", key, "", false, get_snapshot},
    {"GET", "/api/object-storage/push-access", key, "", false, get_push_access},
    {"GET", "/api/docker-registry", key, "", false, list_registries},
    {"POST", "/api/docker-registry", key, keeps, true, add_registry},
    {"GET", "/api/docker-registry/registry-push-access", key, "", false,
     get_registry_push_access},
    {"GET", "/api/docker-registry/{id}", key, "", false, get_registry},
    {"PATCH", "/api/docker-registry/{id}", key, keeps, true, change_registry},
    {"DELETE", "/api/docker-registry/{id}", key, drops, false, remove_registry},
    {"DELETE", "/api/snapshots/{id}", key, deletes_snapshots, false,
     delete_snapshot},
    {"POST", "/api/snapshots/{id}/activate", key, writes_snapshots, false,
     activate_snapshot},
    {"POST", "/api/snapshots/{id}/deactivate", key, writes_snapshots, false,
     deactivate_snapshot},
    {"GET", "/api/snapshots/{id}/build-logs-url", key, "", false,
     get_snapshot_build_log_url},
    {"GET", "/api/snapshots/{id}/build-logs", key, "", false,
     snapshot_build_log},
    {"GET", "/snapshots/{id}/build-logs", key, "", false, snapshot_build_log},
    {"GET", "/api/sandbox/{id}/build-logs-url", key, "", false,
     get_sandbox_build_log_url},
    {"GET", "/api/sandbox/{id}/build-logs", key, "", false, sandbox_build_log},
    {"GET", "/sandboxes/{id}/build-logs", key, "", false, sandbox_build_log},
    {"GET", "/api/sandbox", key, "", false, list_sandboxes},
    {"POST", "/api/sandbox", key, writes, true, create_sandbox},
    {"GET", "/api/sandbox/paginated", key, "", false, list_sandbox_pages},
    {"GET", "/api/sandbox/{id}", key, "", false, get_sandbox},
    {"DELETE", "/api/sandbox/{id}", key, deletes, false, delete_sandbox},
    {"POST", "/api/sandbox/{id}/start", key, writes, false, start_sandbox},
    {"POST", "/api/sandbox/{id}/stop", key, writes, true, stop_sandbox},
    {"POST", "/api/sandbox/{id}/recover", key, writes, false, recover_sandbox},
    {"PUT", "/api/sandbox/{id}/labels", key, writes, true, replace_labels},
    {"POST", "/api/sandbox/{id}/pause", key, writes, false, pause_sandbox},
    {"POST", "/api/sandbox/{id}/resize", key, writes, true, resize_sandbox},
    {"POST", "/api/sandbox/{id}/archive", key, writes, false, archive_sandbox},
    {"POST", "/api/sandbox/{id}/fork", key, writes, true, fork_sandbox},
    {"GET", "/api/sandbox/{id}/forks", key, "", false, list_forks},
    {"GET", "/api/sandbox/{id}/parent", key, "", false, get_parent},
    {"GET", "/api/sandbox/{id}/ancestors", key, "", false, list_ancestors},
    {"POST", "/api/sandbox/{id}/network-settings", key, writes, true,
     set_network},
    {"POST", "/api/sandbox/{id}/public/{x}", key, writes, false, set_public},
    {"POST", "/api/sandbox/{id}/autostop/{n}", key, writes, false,
     set_auto_stop},
    {"POST", "/api/sandbox/{id}/autopause/{n}", key, writes, false,
     set_auto_pause},
    {"POST", "/api/sandbox/{id}/autoarchive/{n}", key, writes, false,
     set_auto_archive},
    {"POST", "/api/sandbox/{id}/autodelete/{n}", key, writes, false,
     set_auto_delete},
    {"POST", "/api/sandbox/{id}/ttl/{n}", key, writes, false, set_ttl},
    {"POST", "/api/sandbox/{id}/last-activity", key, "", true, touch_sandbox},
    {"GET", "/api/sandbox/{id}/toolbox-proxy-url", key, "", false,
     get_toolbox_proxy_url},
    {"GET", "/api/sandbox/{id}/ports/{port}/preview-url", key, "", false,
     get_preview_url},
    {"GET", "/api/sandbox/{id}/signing-key", key, "", false, get_signing_key},
    {"POST", "/api/sandbox/{id}/signing-key/rotate", key, writes, false,
     rotate_signing_key},
    {"GET", "/api/warm-pools", key, "", false, list_warm_pools},
    {"POST", "/api/warm-pools", key, writes, true, create_warm_pool},
    {"PATCH", "/api/warm-pools/{id}", key, writes, true, resize_warm_pool},
    {"DELETE", "/api/warm-pools/{id}", key, deletes, false, delete_warm_pool},
    {"GET", "/api/varve/sandboxes/{id}/events", key, "", false,
     list_sandbox_events},
    {"GET", "/api/organizations/{id}/usage", key, "", false,
     get_organization_usage},
    {"GET", "/api/varve/usage", key, "", false, list_usage},
    {"GET", "/api/varve/queue", key, "", false, get_start_queue},
}};

bool is_capture(std::string_view segment) noexcept {
  return segment.starts_with('{') && segment.ends_with('}');
}

// The captures when the path fits the pattern.
bool fits(std::string_view pattern,
          const std::vector<std::string_view>& path_parts,
          std::vector<std::string>& captures) {
  auto pattern_parts = path_segments(pattern);
  if (pattern_parts.size() != path_parts.size())
    return false;
  captures.clear();
  for (std::size_t i = 0; i < pattern_parts.size(); ++i) {
    auto part = percent_decoded(path_parts[i]);
    if (!part)
      return false;
    if (is_capture(pattern_parts[i])) {
      if (part->empty())
        return false;
      captures.push_back(std::move(*part));
    } else if (*part != pattern_parts[i]) {
      return false;
    }
  }
  return true;
}

} // namespace

route_match find_route(std::span<const route> routes, std::string_view method,
                       std::string_view path) {
  auto wanted = method == "HEAD" ? std::string_view{"GET"} : method;
  auto parts = path_segments(path);
  // "/x/" is "/x".
  if (parts.size() > 1 && parts.back().empty())
    parts.pop_back();
  route_match out;
  for (const auto& r : routes)
    if (r.method == wanted && fits(r.pattern, parts, out.captures)) {
      out.found = &r;
      return out;
    }
  out.captures.clear();
  return out;
}

std::span<const route> api_routes() noexcept {
  return table;
}

} // namespace varve::gateway
