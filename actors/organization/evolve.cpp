#include <algorithm>
#include <cstdlib>

#include "actors/organization/state.hpp"

namespace varve::organization {

namespace {

void hold(state& s, const std::string& id, holding held) {
  auto found = s.sandboxes.find(id);
  if (found == s.sandboxes.end())
    return; // its name and quota were given back when deletion began
  auto& it = found->second;
  s.used -= counted(it.size, it.held);
  it.held = held;
  s.used += counted(it.size, it.held);
}

void admitted(state& s, const std::string& id,
              const schema::SandboxCreated& event) {
  const auto& r = *event.resources();
  member it;
  it.name = event.name()->str();
  it.size = {r.cpu_millis(), r.memory_mib(), r.disk_gib(), 1};
  s.used += it.size;
  s.by_name[it.name] = id;
  s.sandboxes[id] = std::move(it);
}

// What it holds of its new size.
void resized(state& s, const std::string& id, const schema::Resources& r) {
  auto found = s.sandboxes.find(id);
  if (found == s.sandboxes.end())
    return;
  auto& it = found->second;
  s.used -= counted(it.size, it.held);
  it.size = {r.cpu_millis(), r.memory_mib(), r.disk_gib(), 1};
  s.used += counted(it.size, it.held);
}

void released(state& s, const std::string& id) {
  auto found = s.sandboxes.find(id);
  if (found == s.sandboxes.end())
    return;
  s.used -= counted(found->second.size, found->second.held);
  s.by_name.erase(found->second.name);
  s.sandboxes.erase(found);
}

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string{} : text->str();
}

void registry_moved(state& s, const schema::Entry& entry) {
  auto keep = [&](const auto& event) {
    s.registries[event.registry_id()->str()] = text_of(event.project());
  };
  if (const auto* added = entry.event_as_DockerRegistryAdded())
    keep(*added);
  else if (const auto* changed = entry.event_as_DockerRegistryChanged())
    keep(*changed);
  else if (const auto* removed = entry.event_as_DockerRegistryRemoved())
    s.registries.erase(removed->registry_id()->str());
}

log::digest digest_of(const schema::Digest& stored) {
  log::digest out{};
  std::copy(stored.bytes()->begin(), stored.bytes()->end(), out.begin());
  return out;
}

void founded(state& s, const schema::OrganizationCreated& event) {
  s.exists = true;
  s.name = event.name()->str();
  s.quota = limits_of(*event.quota());
  s.default_region = event.default_region()->str();
}

void quota_set(state& s, const schema::OrganizationQuotaSet& event) {
  s.quota = limits_of(*event.quota());
}

void key_made(state& s, const schema::ApiKeyCreated& event) {
  auto hash = digest_of(*event.hash());
  s.keys[event.name()->str()] = api_key{hash};
  s.key_hashes.insert(hash);
}

void key_revoked(state& s, const schema::ApiKeyRevoked& event) {
  s.keys.erase(event.name()->str());
  s.key_hashes.erase(digest_of(*event.hash()));
}

void pool_set(state& s, const schema::WarmPoolSet& event) {
  const auto& r = *event.resources();
  warm_pool pool;
  pool.snapshot_id = event.snapshot_id()->str();
  pool.snapshot_name = event.snapshot_name()->str();
  pool.region = event.region()->str();
  pool.size = event.size();
  pool.each = {r.cpu_millis(), r.memory_mib(), r.disk_gib(), 1};
  s.warm_pools[event.pool_id()->str()] = std::move(pool);
}

void pool_moved(state& s, const schema::Entry& entry) {
  if (const auto* set = entry.event_as_WarmPoolSet())
    pool_set(s, *set);
  else if (const auto* removed = entry.event_as_WarmPoolRemoved())
    s.warm_pools.erase(removed->pool_id()->str());
}

// What happens to the organization rather than to a sandbox of its.
void of_its_own(state& s, const schema::Entry& entry) {
  if (const auto* creation = entry.event_as_OrganizationCreated())
    founded(s, *creation);
  else if (const auto* quota = entry.event_as_OrganizationQuotaSet())
    quota_set(s, *quota);
  else if (const auto* key = entry.event_as_ApiKeyCreated())
    key_made(s, *key);
  else if (const auto* revoked = entry.event_as_ApiKeyRevoked())
    key_revoked(s, *revoked);
  pool_moved(s, entry);
  registry_moved(s, entry);
}

} // namespace

void evolve(state& s, const schema::Entry& entry, const envelope&) {
  s.version = entry.organization_version();
  auto id = entry.aggregate_id()->str();
  switch (entry.event_type()) {
  case schema::Event::OrganizationCreated:
  case schema::Event::OrganizationQuotaSet:
  case schema::Event::ApiKeyCreated:
  case schema::Event::ApiKeyRevoked:
  case schema::Event::WarmPoolSet:
  case schema::Event::WarmPoolRemoved:
  case schema::Event::DockerRegistryAdded:
  case schema::Event::DockerRegistryChanged:
  case schema::Event::DockerRegistryRemoved:
    return of_its_own(s, entry);
  case schema::Event::SandboxCreated:
    return admitted(s, id, *entry.event_as_SandboxCreated());
  case schema::Event::SandboxStartRequested:
  case schema::Event::SandboxRecoveryRequested:
    return hold(s, id, holding::all);
  case schema::Event::SandboxStopped:
    return hold(s, id, holding::disk);
  case schema::Event::SandboxFailed:
    return hold(s, id, holding::nothing);
  case schema::Event::SandboxDestroyRequested:
    return released(s, id);
  case schema::Event::SandboxResizeRequested:
    return resized(s, id,
                   *entry.event_as_SandboxResizeRequested()->resources());
  case schema::Event::SandboxAdjusted:
    return resized(s, id, *entry.event_as_SandboxAdjusted()->resources());
  case schema::Event::NONE:
  case schema::Event::LogCreated:
  case schema::Event::EpochStarted:
  case schema::Event::SnapshotCreated:
  case schema::Event::SnapshotActivated:
  case schema::Event::SnapshotRemoved:
  case schema::Event::RunnerRegistered:
  case schema::Event::SandboxStarted:
  case schema::Event::SandboxStopRequested:
  case schema::Event::SandboxDestroyed:
  case schema::Event::SandboxLabelsReplaced:
  case schema::Event::SandboxDestroyRetried:
  case schema::Event::SandboxSigningKeyRotated:
  case schema::Event::SandboxIdleAsked:
  case schema::Event::SandboxFoundBusy:
  case schema::Event::SandboxPauseRequested:
  case schema::Event::SandboxPaused:
  case schema::Event::SandboxResumeRequested:
  case schema::Event::SandboxResumed:
  case schema::Event::SandboxTimersSet:
  case schema::Event::SandboxPublicSet:
  case schema::Event::SandboxNetworkRequested:
    break;
  }
  // Not in an organization's stream: the log is broken.
  std::abort();
}

amounts recount(const state& s) {
  amounts out;
  for (const auto& [id, it] : s.sandboxes)
    out += counted(it.size, it.held);
  return out;
}

} // namespace varve::organization
