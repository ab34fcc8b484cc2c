#include "projections/registry_access.hpp"

#include <algorithm>
#include <array>

namespace varve::projections {

namespace {

constexpr std::string_view hub = "docker.io";

std::string canonical(std::string_view host) {
  constexpr std::array<std::string_view, 4> names{
      "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com",
      "hub.docker.com"};
  std::string out{host};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  if (std::find(names.begin(), names.end(), out) != names.end())
    return std::string{hub};
  return out;
}

bool is_host(std::string_view first) noexcept {
  return first == "localhost"
         || first.find_first_of(".:") != std::string_view::npos;
}

// What follows the host: "team/app:1".
std::string_view path_of(std::string_view image) noexcept {
  auto slash = image.find('/');
  if (slash == std::string_view::npos || !is_host(image.substr(0, slash)))
    return image;
  return image.substr(slash + 1);
}

// How well it fits: 0 = not at all.
std::size_t fit(const registry_view& r, std::string_view image) {
  if (registry_host(r.url) != image_host(image))
    return 0;
  if (r.project.empty())
    return 1;
  auto path = path_of(image);
  bool inside = path.size() > r.project.size() && path.starts_with(r.project)
                && path[r.project.size()] == '/';
  return inside ? 1 + r.project.size() : 0;
}

} // namespace

std::string registry_host(std::string_view url) {
  if (auto scheme = url.find("://"); scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  return canonical(url.substr(0, url.find_first_of("/?#")));
}

std::string image_host(std::string_view image) {
  auto slash = image.find('/');
  auto first = image.substr(0, slash);
  if (slash == std::string_view::npos || !is_host(first))
    return std::string{hub};
  return canonical(first);
}

result<std::optional<registry_access>>
access_for_image(queries& reads, vault& secrets,
                 std::string_view organization_id, std::string_view image) {
  VARVE_TRY(auto all, reads.registries(organization_id));
  const registry_view* best = nullptr;
  std::size_t best_fit = 1;
  for (const auto& r : all)
    if (auto now = fit(r, image); now >= best_fit) {
      best = &r;
      best_fit = now;
    }
  if (best == nullptr)
    return std::optional<registry_access>{};
  registry_access out{best->id, registry_host(best->url), {}, {}};
  VARVE_TRY(out.username,
            secrets.open_sealed(organization_id, best->username_sealed));
  VARVE_TRY(out.password,
            secrets.open_sealed(organization_id, best->password_sealed));
  return std::optional{std::move(out)};
}

} // namespace varve::projections
