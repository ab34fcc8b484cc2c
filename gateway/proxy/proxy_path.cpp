#include "gateway/proxy/proxy_path.hpp"

namespace varve::gateway {

namespace {

constexpr std::string_view direct = "/toolbox/";
constexpr std::string_view in_api = "/api/toolbox/";
constexpr std::string_view marker = "/toolbox";

} // namespace

std::optional<proxy_path> parse_proxy_path(std::string_view path) {
  proxy_path out;
  out.through_api = path.starts_with(in_api);
  if (!out.through_api && !path.starts_with(direct))
    return std::nullopt;
  path.remove_prefix(out.through_api ? in_api.size() : direct.size());
  auto slash = path.find('/');
  out.sandbox_id = path.substr(0, slash);
  if (slash == std::string_view::npos)
    return out.through_api ? std::nullopt : std::optional{out};
  path.remove_prefix(slash);
  if (out.through_api) {
    if (!path.starts_with(marker))
      return std::nullopt;
    path.remove_prefix(marker.size());
    if (!path.starts_with('/'))
      return std::nullopt;
    // One path is spelt differently there.
    if (path == "/lsp/workspace-symbols")
      path = "/lsp/workspacesymbols";
  }
  out.rest = path;
  return out;
}

} // namespace varve::gateway
