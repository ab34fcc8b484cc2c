#include "ops/warm_wishes.hpp"

namespace varve::ops {

result<std::vector<projections::warm_pool_view>>
warm_wishes::pools(std::string_view organization_id) const {
  auto* known = dynamic_cast<projections::warm_pool_queries*>(&reads_);
  if (known == nullptr)
    return failure(errc::unsupported, "no read model of warm pools");
  return known->warm_pools(organization_id);
}

std::size_t warm_wishes::waiting(std::string_view organization_id,
                                 std::string_view image_ref) const {
  const auto* host = keeper_.load();
  if (host == nullptr)
    return 0;
  return host->warm_waiting(std::string{organization_id},
                            std::string{image_ref});
}

result<std::vector<runner::warm_wish>> warm_wishes::all() const {
  std::vector<runner::warm_wish> out;
  VARVE_TRY(auto organizations, reads_.organizations());
  for (const auto& organization : organizations) {
    VARVE_TRY(auto wanted, pools(organization.id));
    for (const auto& pool : wanted) {
      VARVE_TRY(auto snapshot,
                reads_.snapshot(organization.id, pool.snapshot_id));
      if (!snapshot || snapshot->state != "active")
        continue;
      runner::warm_wish wish;
      wish.kind = {organization.id, snapshot->image_ref,
                   snapshot->resources.disk_gib()};
      wish.resources = snapshot->resources;
      wish.count = pool.size;
      out.push_back(std::move(wish));
    }
  }
  return out;
}

result<void> warm_wishes::pools_changed() {
  std::lock_guard lock{order_};
  auto* host = keeper_.load();
  if (host == nullptr)
    return ok();
  VARVE_TRY(auto wishes, all());
  host->keep_warm(std::move(wishes));
  return ok();
}

} // namespace varve::ops
