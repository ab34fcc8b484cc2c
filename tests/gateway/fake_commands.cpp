// What the fake world's control does about commands.
#include <algorithm>
#include <utility>

#include "tests/gateway/fake_world.hpp"

namespace varve::test {

namespace {

schema::SandboxCreatedT created_event(const CreateSandbox& c) {
  schema::SandboxCreatedT out;
  out.name = c.name.empty() ? c.sandbox_id : c.name;
  out.snapshot_id = c.snapshot_id;
  out.snapshot_name = c.snapshot_name;
  out.image_ref = c.image_ref;
  out.user = c.user;
  out.env_sealed = c.env_sealed;
  out.env_names = c.env_names;
  out.region = c.region;
  out.resources = std::make_unique<schema::Resources>(c.resources);
  out.timers = std::make_unique<schema::TimersT>(c.timers);
  out.runner_id = "runner-1";
  return out;
}

} // namespace

std::optional<command_reply> fake_world::govern(const command& what,
                                                const std::string& id) {
  if (const auto* c = std::get_if<CreateOrganization>(&what)) {
    organizations_.push_back({id, c->name, c->default_region, c->quota});
    return command_reply{id, 1, {3, ++index_}};
  }
  if (const auto* c = std::get_if<SetQuota>(&what)) {
    for (auto& one : organizations_)
      if (one.id == id)
        one.quota = c->quota;
    return command_reply{id, 2, {3, ++index_}};
  }
  return std::nullopt;
}

std::optional<command_reply>
fake_world::change_pools(const command& what, const command_origin& origin) {
  if (const auto* c = std::get_if<SetWarmPool>(&what)) {
    auto& pool = pools_[c->pool_id];
    if (c->is_new)
      pool = {c->pool_id,
              origin.organization_id,
              c->snapshot_id,
              c->snapshot_name,
              c->region,
              0,
              c->resources,
              0,
              0};
    pool.size = c->size;
    return command_reply{origin.organization_id, 1, {3, ++index_}};
  }
  if (const auto* c = std::get_if<RemoveWarmPool>(&what)) {
    pools_.erase(c->pool_id);
    return command_reply{origin.organization_id, 1, {3, ++index_}};
  }
  return std::nullopt;
}

result<command_reply> fake_world::carry_out(const command& what,
                                            const command_origin& origin) {
  std::lock_guard lock{mutex_};
  commands_.push_back(what);
  origins_.push_back(origin);
  if (next_failure_)
    return *std::exchange(next_failure_, std::nullopt);
  if (auto made = make(what, origin))
    return *made;
  if (const auto* c = std::get_if<StartSandbox>(&what))
    return change(c->sandbox_id, comes_out, "started",
                  wrapped(schema::SandboxStartRequestedT{}), origin);
  if (const auto* c = std::get_if<RecoverSandbox>(&what))
    return change(c->sandbox_id,
                  c->skip_start ? sandbox_state::stopped : comes_out.load(),
                  c->skip_start ? "stopped" : "started",
                  wrapped(schema::SandboxRecoveryRequestedT{}), origin);
  if (const auto* c = std::get_if<StopSandbox>(&what))
    return change(c->sandbox_id, sandbox_state::stopped, "stopped",
                  wrapped(schema::SandboxStopRequestedT{}), origin);
  if (const auto* c = std::get_if<DestroySandbox>(&what))
    return change(c->sandbox_id, sandbox_state::destroyed, "destroyed",
                  wrapped(schema::SandboxDestroyRequestedT{}), origin);
  if (auto reply = govern(what, origin.organization_id))
    return *reply;
  if (auto set_to = set(what))
    return *set_to;
  if (const auto* c = std::get_if<CreateApiKey>(&what)) {
    projections::api_key_view key;
    key.organization_id = origin.organization_id;
    key.name = c->name;
    key.user_id = c->user_id;
    key.prefix = c->prefix;
    key.suffix = c->suffix;
    key.permissions = c->permissions;
    key.expires_at = c->expires_at;
    keys_[c->hash] = key;
    return command_reply{origin.organization_id, 1, {3, ++index_}};
  }
  if (const auto* c = std::get_if<RevokeApiKey>(&what)) {
    auto gone = std::erase_if(
        keys_, [&](const auto& k) { return k.second.name == c->name; });
    if (gone == 0)
      return failure(errc::not_found, "API key not found");
    return command_reply{origin.organization_id, 1, {3, ++index_}};
  }
  if (auto done = keep_registry(what, origin))
    return *done;
  if (auto done = keep_snapshot(what, origin))
    return *done;
  if (auto reply = change_pools(what, origin))
    return *reply;
  return failure(errc::unsupported, "not faked");
}

std::optional<command_reply>
fake_world::keep_snapshot(const command& what, const command_origin& origin) {
  auto reply = [&](const std::string& id) {
    return command_reply{id, 2, {3, ++index_}};
  };
  auto move_to = [&](const std::string& id, const char* state) {
    for (auto& one : snapshots_)
      if (one.id == id)
        one.state = state;
    return reply(id);
  };
  if (const auto* c = std::get_if<CreateSnapshot>(&what)) {
    projections::snapshot_view v;
    v.id = c->snapshot_id;
    v.organization_id = origin.organization_id;
    v.name = c->name;
    v.image = c->image;
    v.state = "pending";
    snapshots_.push_back(std::move(v));
    return reply(c->snapshot_id);
  }
  if (const auto* c = std::get_if<ActivateSnapshot>(&what))
    return move_to(c->snapshot_id, "active");
  if (const auto* c = std::get_if<DeactivateSnapshot>(&what))
    return move_to(c->snapshot_id, "inactive");
  if (const auto* c = std::get_if<RemoveSnapshot>(&what))
    return move_to(c->snapshot_id, "removing");
  return std::nullopt;
}

void fake_world::add_image_snapshot(const std::string& organization) {
  std::lock_guard lock{mutex_};
  projections::snapshot_view v;
  v.id = image_snapshot;
  v.organization_id = organization;
  v.name = "of-an-image";
  v.image = "debian:12";
  v.state = "active";
  snapshots_.push_back(std::move(v));
}

void fake_world::add_registry(const std::string& organization) {
  std::lock_guard lock{mutex_};
  projections::registry_view v;
  v.id = registry;
  v.organization_id = organization;
  v.name = "ours";
  v.url = "https://registry.example.com";
  v.username_sealed = secrets.seal(organization, "me").value();
  v.password_sealed = secrets.seal(organization, "password").value();
  registries_[v.id] = std::move(v);
}

std::optional<result<command_reply>>
fake_world::keep_registry(const command& what, const command_origin& origin) {
  auto reply = [&]() -> result<command_reply> {
    return command_reply{origin.organization_id, 2, {3, ++index_}};
  };
  auto known = [&](const std::string& id) {
    auto found = registries_.find(id);
    return found != registries_.end()
           && found->second.organization_id == origin.organization_id;
  };
  result<command_reply> unknown =
      failure(errc::not_found, "Docker registry not found");
  if (const auto* c = std::get_if<AddDockerRegistry>(&what)) {
    auto now = time.now();
    registries_[c->registry_id] = {
        c->registry_id,     origin.organization_id, c->name, c->url, c->project,
        c->username_sealed, c->password_sealed,     now,     now};
    return reply();
  }
  if (const auto* c = std::get_if<ChangeDockerRegistry>(&what)) {
    if (!known(c->registry_id))
      return unknown;
    auto& v = registries_.at(c->registry_id);
    v.name = c->name;
    v.url = c->url;
    v.project = c->project.value_or(v.project);
    v.username_sealed = c->username_sealed;
    if (!c->password_sealed.empty())
      v.password_sealed = c->password_sealed;
    return reply();
  }
  if (const auto* c = std::get_if<RemoveDockerRegistry>(&what)) {
    if (!known(c->registry_id))
      return unknown;
    registries_.erase(c->registry_id);
    return reply();
  }
  return std::nullopt;
}

std::optional<command_reply> fake_world::set(const command& what) {
  if (const auto* c = std::get_if<ReplaceLabels>(&what)) {
    sandboxes_.at(c->sandbox_id).labels = c->labels;
    return command_reply{c->sandbox_id, 2, {3, ++index_}};
  }
  if (const auto* c = std::get_if<RotateSigningKey>(&what)) {
    ++sandboxes_.at(c->sandbox_id).signing_key_version;
    return command_reply{c->sandbox_id, 2, {3, ++index_}};
  }
  auto view = [&](const std::string& id) -> sandbox_view& {
    return sandboxes_.at(id);
  };
  auto reply = [&](const std::string& id) {
    return command_reply{id, 2, {3, ++index_}};
  };
  if (const auto* c = std::get_if<ArchiveSandbox>(&what)) {
    view(c->sandbox_id).state = sandbox_state::archiving;
    return reply(c->sandbox_id);
  }
  if (const auto* c = std::get_if<PauseSandbox>(&what)) {
    view(c->sandbox_id).state = sandbox_state::paused;
    return reply(c->sandbox_id);
  }
  if (const auto* c = std::get_if<ResizeSandbox>(&what)) {
    auto& r = view(c->sandbox_id).resources;
    r = schema::Resources{c->cpu_millis.value_or(r.cpu_millis()),
                          c->memory_mib.value_or(r.memory_mib()),
                          c->disk_gib.value_or(r.disk_gib()), r.gpu()};
    return reply(c->sandbox_id);
  }
  if (const auto* c = std::get_if<SetNetwork>(&what)) {
    view(c->sandbox_id).network_block_all = c->network.block_all;
    view(c->sandbox_id).network_allow_list = c->network.allow_list;
    return reply(c->sandbox_id);
  }
  if (const auto* c = std::get_if<SetPublic>(&what)) {
    view(c->sandbox_id).is_public = c->is_public;
    return reply(c->sandbox_id);
  }
  if (const auto* c = std::get_if<SetTimers>(&what)) {
    auto& v = view(c->sandbox_id);
    v.auto_stop = c->auto_stop.value_or(v.auto_stop);
    v.auto_pause = c->auto_pause.value_or(v.auto_pause);
    v.auto_delete = c->auto_delete.value_or(v.auto_delete);
    v.auto_archive = c->auto_archive.value_or(v.auto_archive);
    if (c->ttl_minutes)
      v.destroy_at = time.now() + *c->ttl_minutes * 60'000;
    return reply(c->sandbox_id);
  }
  return std::nullopt;
}

std::optional<result<command_reply>>
fake_world::make(const command& what, const command_origin& origin) {
  if (const auto* c = std::get_if<CreateSandbox>(&what))
    return create(*c, origin);
  if (const auto* c = std::get_if<ForkSandbox>(&what))
    return create(c->child, origin);
  return std::nullopt;
}

result<command_reply> fake_world::create(const CreateSandbox& c,
                                         const command_origin& origin) {
  sandbox_view v;
  v.id = c.sandbox_id;
  v.organization_id = origin.organization_id;
  v.name = c.name.empty() ? c.sandbox_id : c.name;
  for (const auto& [id, other] : sandboxes_)
    if (other.name == v.name)
      return failure(errc::conflict,
                     "Sandbox with name " + v.name + " already exists");
  v.snapshot_id = c.snapshot_id;
  v.snapshot_name = c.snapshot_name;
  v.image_ref = c.image_ref;
  v.forked_from = c.forked_from;
  v.user = c.user;
  v.env_sealed = c.env_sealed;
  v.labels = c.labels;
  v.is_public = c.is_public;
  v.region = c.region;
  v.resources = c.resources;
  v.auto_stop = c.timers.auto_stop;
  v.auto_pause = c.timers.auto_pause;
  v.auto_delete = c.timers.auto_delete;
  v.auto_archive = c.timers.auto_archive;
  v.destroy_at = c.ttl_minutes == 0 ? 0 : time.now() + c.ttl_minutes * 60'000;
  v.network_block_all = c.network.block_all;
  v.network_allow_list = c.network.allow_list;
  v.runner_id = "runner-1";
  v.state = comes_out;
  v.desired_state = "started";
  if (v.state == sandbox_state::error)
    v.error_reason = "no such user";
  v.toolbox_version = "0.1.0";
  v.created_at = v.updated_at = time.now();
  sandboxes_[v.id] = v;
  past.add(v.id, wrapped(created_event(c)), origin);
  return command_reply{v.id, 1, {3, ++index_}};
}

result<command_reply> fake_world::change(const std::string& id,
                                         sandbox_state state,
                                         const char* desired,
                                         schema::EventUnion event,
                                         const command_origin& origin) {
  auto found = sandboxes_.find(id);
  if (found == sandboxes_.end())
    return failure(errc::not_found, "Sandbox not found");
  found->second.state = state;
  found->second.desired_state = desired;
  if (state == sandbox_state::error)
    found->second.error_reason = "no such user";
  past.add(id, std::move(event), origin);
  if (state == sandbox_state::destroyed) {
    destroyed_[id] = found->second;
    sandboxes_.erase(found);
  }
  return command_reply{id, 2, {3, ++index_}};
}

} // namespace varve::test
