#include "actors/organization/decide.hpp"

#include <algorithm>

#include "actors/sandbox/timing.hpp"
#include "actors/sandbox/transitions.hpp"
#include "actors/snapshot/transitions.hpp"

namespace varve::organization {

namespace {

using schema::AggregateType;

constexpr std::size_t most_snapshots = 10'000;

amounts used_and_promised(const state& s, const reservations& promised) {
  auto out = s.used;
  for (const auto& [id, more] : promised)
    out += more;
  return out;
}

constexpr std::size_t most_warm_pools = 100;

amounts times(amounts each, std::uint64_t count) {
  return {each.cpu_millis * count, each.memory_mib * count,
          each.disk_gib * count, count};
}

template <class Event>
decision own_event(const context& around, Event event) {
  decision out;
  out.entries.push_back(make_entry(AggregateType::Organization,
                                   around.organization_id, std::move(event)));
  return out;
}

std::unique_ptr<schema::Digest> stored(const log::digest& hash) {
  return std::make_unique<schema::Digest>(
      flatbuffers::span<const std::uint8_t, 32>(hash));
}

std::vector<std::unique_ptr<schema::PairT>>
pairs(const std::map<std::string, std::string>& map) {
  std::vector<std::unique_ptr<schema::PairT>> out;
  for (const auto& [key, value] : map) {
    auto pair = std::make_unique<schema::PairT>();
    pair->key = key;
    pair->value = value;
    out.push_back(std::move(pair));
  }
  return out;
}

std::unique_ptr<schema::BuildT> stored(const schema::BuildT& build) {
  return build.dockerfile.empty() ? nullptr
                                  : std::make_unique<schema::BuildT>(build);
}

schema::SandboxCreatedT created(const CreateSandbox& c, std::string name,
                                std::string_view runner_id) {
  schema::SandboxCreatedT event;
  event.name = std::move(name);
  event.snapshot_id = c.snapshot_id;
  event.snapshot_name = c.snapshot_name;
  event.image_ref = c.image_ref;
  event.image = c.image;
  event.build = stored(c.build);
  event.entrypoint = c.entrypoint;
  event.user = c.user;
  event.env_sealed = c.env_sealed;
  event.env_names = c.env_names;
  event.labels = pairs(c.labels);
  event.is_public = c.is_public;
  event.region = c.region;
  event.resources = std::make_unique<schema::Resources>(c.resources);
  event.timers = std::make_unique<schema::TimersT>(c.timers);
  event.runner_id = runner_id;
  event.forked_from = c.forked_from;
  if (!(c.network == network_rules{})) {
    event.network = std::make_unique<schema::NetworkT>();
    event.network->block_all = c.network.block_all;
    event.network->allow_list = c.network.allow_list;
  }
  return event;
}

// Each is read and opened whenever an image is pulled.
constexpr std::size_t most_registries = 100;

error no_registry(const std::string& id) {
  return {errc::not_found, "Docker registry with ID " + id + " not found"};
}

schema::SnapshotRequestedT requested(const CreateSnapshot& c,
                                     std::string_view runner_id) {
  schema::SnapshotRequestedT event;
  event.name = c.name;
  event.image = c.image;
  event.resources = std::make_unique<schema::Resources>(c.resources);
  event.entrypoint = c.entrypoint;
  event.region = c.region;
  event.runner_id = runner_id;
  event.build = stored(c.build);
  return event;
}

struct deciding {
  const state& s;
  const context& around;

  result<decision> operator()(const CreateOrganization& c) const {
    if (!s.exists) {
      schema::OrganizationCreatedT event;
      event.name = c.name;
      event.quota = std::make_unique<schema::QuotaT>(c.quota);
      event.default_region = c.default_region;
      return own_event(around, std::move(event));
    }
    if (s.name == c.name && s.default_region == c.default_region
        && s.quota == limits_of(c.quota))
      return decision{};
    return failure(errc::conflict, "Organization already exists");
  }

  result<decision> operator()(const SetQuota& c) const {
    if (!s.exists)
      return failure(errc::not_found, "Organization not found");
    if (s.quota == limits_of(c.quota))
      return decision{};
    schema::OrganizationQuotaSetT event;
    event.quota = std::make_unique<schema::QuotaT>(c.quota);
    return own_event(around, std::move(event));
  }

  result<decision> operator()(const CreateApiKey& c) const {
    if (!s.exists)
      return failure(errc::not_found, "Organization not found");
    auto found = s.keys.find(c.name);
    if (found != s.keys.end() && found->second.hash == c.hash)
      return decision{};
    if (found != s.keys.end())
      return failure(errc::conflict, "API key with this name already exists");
    if (s.key_hashes.contains(c.hash))
      return failure(errc::conflict, "API key already exists");
    schema::ApiKeyCreatedT event;
    event.name = c.name;
    event.hash = stored(c.hash);
    event.prefix = c.prefix;
    event.suffix = c.suffix;
    event.user_id = c.user_id;
    event.permissions = c.permissions;
    event.expires_at = c.expires_at;
    return own_event(around, std::move(event));
  }

  result<decision> operator()(const RevokeApiKey& c) const {
    auto found = s.keys.find(c.name);
    if (found == s.keys.end())
      return failure(errc::not_found, "API key not found");
    schema::ApiKeyRevokedT event;
    event.name = c.name;
    event.hash = stored(found->second.hash);
    return own_event(around, std::move(event));
  }

  result<decision> operator()(const AddDockerRegistry& c) const {
    if (!s.exists)
      return failure(errc::not_found, "Organization not found");
    if (s.registries.contains(c.registry_id))
      return decision{};
    if (s.registries.size() >= most_registries)
      return failure(errc::quota_exceeded,
                     "Docker registry quota exceeded. Maximum allowed: "
                         + std::to_string(most_registries));
    schema::DockerRegistryAddedT event;
    event.registry_id = c.registry_id;
    event.name = c.name;
    event.url = c.url;
    event.project = c.project;
    event.username_sealed = c.username_sealed;
    event.password_sealed = c.password_sealed;
    return own_event(around, std::move(event));
  }

  result<decision> operator()(const ChangeDockerRegistry& c) const {
    auto found = s.registries.find(c.registry_id);
    if (found == s.registries.end())
      return no_registry(c.registry_id);
    schema::DockerRegistryChangedT event;
    event.registry_id = c.registry_id;
    event.name = c.name;
    event.url = c.url;
    event.project = c.project.value_or(found->second);
    event.username_sealed = c.username_sealed;
    event.password_sealed = c.password_sealed;
    return own_event(around, std::move(event));
  }

  result<decision> operator()(const RemoveDockerRegistry& c) const {
    if (!s.registries.contains(c.registry_id))
      return no_registry(c.registry_id);
    schema::DockerRegistryRemovedT event;
    event.registry_id = c.registry_id;
    return own_event(around, std::move(event));
  }

  result<decision> operator()(const CreateSnapshot& c) const {
    if (!s.exists)
      return failure(errc::not_found, "Organization not found");
    auto known = s.snapshots.find(c.name);
    if (known != s.snapshots.end() && known->second == c.snapshot_id)
      return decision{};
    if (known != s.snapshots.end())
      return failure(errc::conflict,
                     "Snapshot with name \"" + c.name
                         + "\" already exists for this organization");
    if (s.snapshots.size() >= most_snapshots)
      return failure(errc::quota_exceeded, "Total snapshot limit exceeded");
    if (around.decision.runner_id.empty())
      return failure(errc::invalid, "No available runners");
    decision out;
    auto entry = make_entry(AggregateType::Snapshot, c.snapshot_id,
                            requested(c, around.decision.runner_id));
    entry->deadline = around.decision.now
                      + snapshot::patience_of(snapshot::status::pending, 0);
    entry->owes = true;
    out.entries.push_back(std::move(entry));
    return out;
  }

  result<decision> operator()(const CreateSandbox& c) const {
    if (!s.exists)
      return failure(errc::not_found, "Organization not found");
    auto name = c.name.empty() ? c.sandbox_id : c.name;
    if (auto known = s.sandboxes.find(c.sandbox_id);
        known != s.sandboxes.end() && known->second.name == name)
      return decision{};
    if (s.by_name.contains(name))
      return failure(errc::conflict,
                     "Sandbox with name " + name + " already exists");
    amounts more{c.resources.cpu_millis(), c.resources.memory_mib(),
                 c.resources.disk_gib(), 1};
    VARVE_CHECK(fits_one(s.quota, more));
    VARVE_CHECK(fits(s.quota, used_and_promised(s, around.promised), more));
    auto runner = c.runner_id.empty() ? around.decision.runner_id
                                      : std::string_view{c.runner_id};
    if (runner.empty())
      return failure(errc::invalid, "No available runners");
    decision out;
    auto event = created(c, name, runner);
    event.destroy_at = sandbox::end_of_life(c.ttl_minutes, around.decision.now);
    auto first = c.image.empty() ? sandbox::status::creating
                                 : sandbox::status::resolving;
    first = sandbox::paced_as(first, !c.forked_from.empty());
    auto deadline = around.decision.now + sandbox::patience_of(first, 0);
    deadline = sandbox::earlier(deadline, event.destroy_at);
    auto entry =
        make_entry(AggregateType::Sandbox, c.sandbox_id, std::move(event));
    entry->deadline = deadline;
    entry->owes = true;
    out.entries.push_back(std::move(entry));
    return out;
  }

  result<decision> operator()(const SetWarmPool& c) const {
    if (!s.exists)
      return failure(errc::not_found, "Organization not found");
    auto found = s.warm_pools.find(c.pool_id);
    auto known = found != s.warm_pools.end();
    if (!known && !c.is_new)
      return failure(errc::not_found, "Warm pool not found");
    if (known && found->second.size == c.size)
      return decision{};
    auto pool = known ? found->second : new_pool(c);
    pool.size = c.size;
    VARVE_CHECK(pool_fits(c.pool_id, pool, !known));
    schema::WarmPoolSetT event;
    event.pool_id = c.pool_id;
    event.snapshot_id = pool.snapshot_id;
    event.snapshot_name = pool.snapshot_name;
    event.region = pool.region;
    event.size = pool.size;
    event.resources = std::make_unique<schema::Resources>(
        static_cast<std::uint32_t>(pool.each.cpu_millis),
        static_cast<std::uint32_t>(pool.each.memory_mib),
        static_cast<std::uint32_t>(pool.each.disk_gib), 0u);
    return own_event(around, std::move(event));
  }

  result<decision> operator()(const RemoveWarmPool& c) const {
    if (!s.warm_pools.contains(c.pool_id))
      return failure(errc::not_found, "Warm pool not found");
    schema::WarmPoolRemovedT event;
    event.pool_id = c.pool_id;
    return own_event(around, std::move(event));
  }

  static warm_pool new_pool(const SetWarmPool& c) {
    return {c.snapshot_id,
            c.snapshot_name,
            c.region,
            c.size,
            {c.resources.cpu_millis(), c.resources.memory_mib(),
             c.resources.disk_gib(), 1}};
  }

  // What waits takes nothing of the quota, but no more may wait than it would
  // let run.
  result<void> pool_fits(const std::string& id, const warm_pool& pool,
                         bool is_new) const {
    auto all = times(pool.each, pool.size);
    for (const auto& [other, it] : s.warm_pools) {
      if (other == id)
        continue;
      if (is_new && it.snapshot_id == pool.snapshot_id
          && it.region == pool.region)
        return failure(errc::conflict, "A warm pool for snapshot "
                                           + pool.snapshot_name
                                           + " already exists");
      all += times(it.each, it.size);
    }
    if (is_new && s.warm_pools.size() >= most_warm_pools)
      return failure(errc::quota_exceeded, "Too many warm pools");
    return fits(s.quota, amounts{}, all);
  }
};

} // namespace

result<decision> decide(const state& s, const input& what,
                        const context& around) {
  return std::visit(deciding{s, around}, what);
}

result<amounts> admit_start(const state& s, const std::string& sandbox_id,
                            const reservations& promised, holding wanted) {
  auto found = s.sandboxes.find(sandbox_id);
  if (found == s.sandboxes.end() || found->second.held >= wanted
      || promised.contains(sandbox_id))
    return amounts{};
  const auto& it = found->second;
  auto more = counted(it.size, wanted);
  more -= counted(it.size, it.held);
  VARVE_CHECK(fits(s.quota, used_and_promised(s, promised), more));
  return more;
}

result<amounts> admit_resize(const state& s, const ResizeSandbox& c,
                             const reservations& promised) {
  auto found = s.sandboxes.find(c.sandbox_id);
  if (found == s.sandboxes.end())
    return amounts{};
  VARVE_CHECK(
      fits_one(s.quota, {c.cpu_millis.value_or(0), c.memory_mib.value_or(0),
                         c.disk_gib.value_or(0), 1}));
  const auto& it = found->second;
  auto size = it.size;
  size.cpu_millis =
      std::max<std::uint64_t>(size.cpu_millis, c.cpu_millis.value_or(0));
  size.memory_mib =
      std::max<std::uint64_t>(size.memory_mib, c.memory_mib.value_or(0));
  size.disk_gib =
      std::max<std::uint64_t>(size.disk_gib, c.disk_gib.value_or(0));
  auto more = counted(size, it.held);
  more -= counted(it.size, it.held);
  VARVE_CHECK(fits(s.quota, used_and_promised(s, promised), more));
  return more;
}

} // namespace varve::organization
