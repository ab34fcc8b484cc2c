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

using schema::Entry;
using schema::Event;

struct folding {
  Event event;
  void (*run)(state&, const std::string& id, const Entry&);
};

template <holding Held>
void holds(state& s, const std::string& id, const Entry&) {
  hold(s, id, Held);
}

void of_registry(state& s, const std::string&, const Entry& e) {
  registry_moved(s, e);
}

// Every event that an organization's stream may hold.
constexpr folding foldings[] = {
    {Event::OrganizationCreated,
     [](state& s, const std::string&, const Entry& e) {
       founded(s, *e.event_as_OrganizationCreated());
     }},
    {Event::OrganizationQuotaSet,
     [](state& s, const std::string&, const Entry& e) {
       quota_set(s, *e.event_as_OrganizationQuotaSet());
     }},
    {Event::ApiKeyCreated,
     [](state& s, const std::string&, const Entry& e) {
       key_made(s, *e.event_as_ApiKeyCreated());
     }},
    {Event::ApiKeyRevoked,
     [](state& s, const std::string&, const Entry& e) {
       key_revoked(s, *e.event_as_ApiKeyRevoked());
     }},
    {Event::SandboxCreated,
     [](state& s, const std::string& id, const Entry& e) {
       admitted(s, id, *e.event_as_SandboxCreated());
     }},
    {Event::SandboxStartRequested, holds<holding::all>},
    {Event::SandboxRecoveryRequested,
     [](state& s, const std::string& id, const Entry& e) {
       auto rests = e.event_as_SandboxRecoveryRequested()->skip_start();
       hold(s, id, rests ? holding::disk : holding::all);
     }},
    {Event::SandboxRestoreRequested, holds<holding::all>},
    {Event::SandboxArchived, holds<holding::nothing>},
    {Event::SandboxStopped, holds<holding::disk>},
    {Event::SandboxFailed, holds<holding::nothing>},
    {Event::SandboxDestroyRequested,
     [](state& s, const std::string& id, const Entry&) { released(s, id); }},
    {Event::SandboxResizeRequested,
     [](state& s, const std::string& id, const Entry& e) {
       resized(s, id, *e.event_as_SandboxResizeRequested()->resources());
     }},
    {Event::SandboxAdjusted,
     [](state& s, const std::string& id, const Entry& e) {
       resized(s, id, *e.event_as_SandboxAdjusted()->resources());
     }},
    {Event::WarmPoolSet,
     [](state& s, const std::string&, const Entry& e) {
       pool_set(s, *e.event_as_WarmPoolSet());
     }},
    {Event::WarmPoolRemoved,
     [](state& s, const std::string&, const Entry& e) {
       s.warm_pools.erase(e.event_as_WarmPoolRemoved()->pool_id()->str());
     }},
    {Event::DockerRegistryAdded, of_registry},
    {Event::DockerRegistryChanged, of_registry},
    {Event::DockerRegistryRemoved, of_registry},
    {Event::SnapshotRequested,
     [](state& s, const std::string& id, const Entry& e) {
       s.snapshots[e.event_as_SnapshotRequested()->name()->str()] = id;
     }},
    {Event::SnapshotRemovalRequested,
     [](state& s, const std::string& id, const Entry&) {
       std::erase_if(s.snapshots,
                     [&](const auto& it) { return it.second == id; });
     }},
};

} // namespace

void evolve(state& s, const schema::Entry& entry, const envelope&) {
  s.version = entry.organization_version();
  auto id = entry.aggregate_id()->str();
  for (const auto& it : foldings)
    if (it.event == entry.event_type())
      return it.run(s, id, entry);
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
