#include "actors/host/effects.hpp"

#include <unordered_map>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"

namespace varve::host {

namespace {

constexpr std::uint32_t correction_time = 20'000;

void deliver(core& shared, aggregate_key to, aggregate_input what,
             std::string principal, schema::Cause cause) {
  command_origin origin;
  origin.principal = std::move(principal);
  origin.cause = cause;
  shared.aggregates.deliver(std::make_shared<delivery>(
      std::move(to), std::move(what), std::move(origin), nullptr));
}

aggregate_key of_sandbox(const std::string& id) {
  return {schema::AggregateType::Sandbox, id};
}

result<std::vector<std::unique_ptr<schema::PairT>>>
open_env(core& shared, const std::string& sandbox_id,
         const schema::SandboxCreatedT& event) {
  std::vector<std::unique_ptr<schema::PairT>> out;
  if (event.env_sealed.empty())
    return out;
  VARVE_TRY(auto json,
            shared.options.secrets->open_sealed(sandbox_id, event.env_sealed));
  VARVE_TRY(auto env, env_from_json(json));
  for (auto& [key, value] : env) {
    auto pair = std::make_unique<schema::PairT>();
    pair->key = key;
    pair->value = std::move(value);
    out.push_back(std::move(pair));
  }
  return out;
}

// Its first event.
result<std::unique_ptr<schema::SandboxCreatedT>>
creation_of(core& shared, const due_operation& due) {
  VARVE_TRY(auto found,
            shared.options.store->read_stream(due.sandbox_id, 1, 1));
  const schema::SandboxCreated* created = nullptr;
  if (!found.empty())
    for (const auto* entry : *found[0]->view().entries())
      if (entry->aggregate_id()->string_view() == due.sandbox_id)
        created = entry->event_as_SandboxCreated();
  if (created == nullptr)
    return failure(errc::log_corrupt, "The sandbox has no first event");
  return std::unique_ptr<schema::SandboxCreatedT>{created->UnPack()};
}

// All a runner needs to make it.
result<std::unique_ptr<schema::SandboxSpecT>>
spec_of(core& shared, const due_operation& due) {
  VARVE_TRY(auto event, creation_of(shared, due));
  auto spec = std::make_unique<schema::SandboxSpecT>();
  // What runs already has its env.
  if (due.operation.kind != schema::OperationKind::Adjust) {
    VARVE_TRY(spec->env, open_env(shared, due.sandbox_id, *event));
  }
  const auto& pulled = due.operation.image;
  spec->image_ref = pulled.empty() ? std::move(event->image_ref) : pulled;
  spec->entrypoint = std::move(event->entrypoint);
  spec->user = std::move(event->user);
  spec->resources = std::make_unique<schema::Resources>(due.has.resources);
  spec->network = std::make_unique<schema::NetworkT>();
  spec->network->block_all = due.has.network.block_all;
  spec->network->allow_list = due.has.network.allow_list;
  spec->organization_id = due.organization_id;
  spec->name = std::move(event->name);
  spec->snapshot_name = std::move(event->snapshot_name);
  spec->region = std::move(event->region);
  if (due.operation.kind == schema::OperationKind::Create)
    spec->fork_of = std::move(event->forked_from);
  return spec;
}

// As if the runner had answered: the sandbox's state says what follows.
void answer_failed(core& shared, const due_operation& due, const error& why) {
  log_failure("effects", "cannot " + std::to_string(int(due.operation.kind))
                             + " sandbox " + due.sandbox_id + ": "
                             + why.detail);
  sandbox::RunnerAnswered answer;
  answer.report.operation_id = due.operation.id;
  answer.report.kind = due.operation.kind;
  answer.report.sandbox_id = due.sandbox_id;
  answer.report.version = due.operation.version;
  answer.report.result = schema::Result::Failed;
  answer.report.present = schema::Present::Unclear;
  answer.report.error = why.detail;
  deliver(shared, of_sandbox(due.sandbox_id), std::move(answer),
          "runner:" + due.runner_id, schema::Cause::RunnerReport);
}

std::unique_ptr<schema::ArchiveT>
archive_of(const sandbox::operation_owed& owed) {
  if (owed.archive_hash.size() != 32)
    return nullptr;
  auto out = std::make_unique<schema::ArchiveT>();
  out->size_bytes = owed.archive_size;
  out->hash = std::make_unique<schema::Digest>(
      flatbuffers::span<const std::uint8_t, 32>{owed.archive_hash.data(), 32});
  return out;
}

bool is_about_image(schema::OperationKind kind) noexcept {
  return kind == schema::OperationKind::Resolve
         || kind == schema::OperationKind::Pull
         || kind == schema::OperationKind::Build;
}

schema::OperationT operation_of(core& shared, const due_operation& due) {
  const auto& owed = due.operation;
  schema::OperationT out;
  out.id = owed.id;
  out.kind = owed.kind;
  out.sandbox_id = due.sandbox_id;
  out.version = owed.version;
  out.partition = log::partition_of(
      due.organization_id.empty() ? due.sandbox_id : due.organization_id);
  out.snapshot_id = due.snapshot_id;
  out.image = due.image;
  out.organization_id = due.organization_id;
  if (is_about_image(owed.kind))
    out.digest = owed.image;
  if (is_about_image(owed.kind) && !due.build.dockerfile.empty())
    out.build = std::make_unique<schema::BuildT>(due.build);
  out.epoch = shared.epochs[out.partition];
  out.journal_id = shared.runner.journal_id();
  out.timeout_ms = owed.timeout_ms;
  out.queue_until = owed.queue_until;
  out.force = owed.force;
  out.idle_since = owed.idle_since;
  out.archive = archive_of(owed);
  if (out.id.empty()) { // a correction: no event asked for it
    auto now = shared.options.time->now();
    out.id = uuid::v7(now).str() + ".0";
    out.timeout_ms = correction_time;
    out.queue_until = now + correction_time;
  }
  return out;
}

// A sandbox that its log wants gone needs its env no more, whatever becomes of
// the operation. Repeated with it, so that a crash leaves no key behind.
void erase_key(core& shared, const std::string& sandbox_id) {
  auto erased = shared.options.store->disk() == log::disk_state::full
                    ? failure(errc::log_full, "The server's disk is full")
                    : shared.options.secrets->erase(sandbox_id);
  if (!erased)
    log_warning("effects", "data key of " + sandbox_id
                               + " was not erased: " + erased.error().detail);
}

bool needs_spec(schema::OperationKind kind) noexcept {
  return kind == schema::OperationKind::Create
         || kind == schema::OperationKind::Start
         || kind == schema::OperationKind::Restore
         || kind == schema::OperationKind::Adjust;
}

void perform(core& shared, const due_operation& due) {
  auto operation = operation_of(shared, due);
  auto is_owed = !due.operation.id.empty();
  if (operation.kind == schema::OperationKind::Destroy && is_owed)
    erase_key(shared, due.sandbox_id);
  if (needs_spec(operation.kind)) {
    auto spec = spec_of(shared, due);
    if (!spec)
      return answer_failed(shared, due, spec.error());
    operation.spec = std::move(spec).value();
  }
  if (!due.sandbox_id.empty() && is_about_image(operation.kind)) {
    auto created = creation_of(shared, due);
    if (!created)
      return answer_failed(shared, due, created.error());
    operation.image = std::move(created.value()->image);
    operation.build = std::move(created.value()->build);
  }
  // Without its runner it stays owed and is handed over once that connects.
  shared.runner.submit(due.runner_id, std::move(operation));
}

bool moves(sandbox::status at) noexcept {
  return sandbox::patience_of(at, 0) != 0;
}

bool agree(sandbox::status at, schema::Present present) noexcept {
  if (moves(at))
    return true; // the operation under way will tell
  if (at == sandbox::status::started)
    return present == schema::Present::Running;
  if (at == sandbox::status::stopped)
    return present == schema::Present::Stopped;
  if (at == sandbox::status::paused)
    return present == schema::Present::Paused;
  // With files that should be in its archive only: a start finds them.
  if (at == sandbox::status::archived)
    return present == schema::Present::Archived
           || present == schema::Present::Stopped;
  return present != schema::Present::Running
         && present != schema::Present::Paused;
}

// Level-triggered: whatever the runner has and the log does not say, or the
// other way round, is put to the sandbox.
void compare(core& shared, const schema::InventoryT& inventory) {
  auto principal = "runner:" + inventory.runner_id;
  auto put = [&](const std::string& id, schema::Present present) {
    deliver(shared, of_sandbox(id),
            sandbox::RunnerListed{present, inventory.taken_at}, principal,
            schema::Cause::Inventory);
  };
  std::unordered_map<std::string, sandbox::status> placed;
  if (shared.options.placed_on) {
    auto known = shared.options.placed_on(inventory.runner_id);
    if (!known)
      return log_warning("effects",
                         "no inventory check: " + known.error().detail);
    for (auto& it : known.value())
      placed.emplace(std::move(it.id), it.at);
  }
  for (const auto& item : inventory.items) {
    auto found = placed.find(item->sandbox_id);
    if (found == placed.end() || !agree(found->second, item->present))
      put(item->sandbox_id, item->present);
    if (found != placed.end())
      placed.erase(found);
  }
  for (const auto& [id, at] : placed)
    if (!agree(at, schema::Present::Absent))
      put(id, schema::Present::Absent);
}

void wake_owing(core& shared) {
  auto owing = shared.options.store->outstanding();
  if (!owing)
    return log_failure("effects", owing.error().detail);
  for (const auto& it : owing.value())
    if (it.aggregate == schema::AggregateType::Sandbox
        || it.aggregate == schema::AggregateType::Snapshot)
      deliver(shared, {it.aggregate, it.id}, Wake{}, "system",
              schema::Cause::System);
}

} // namespace

effects_handle::behavior_type effects(effects_handle::pointer self,
                                      core_ptr shared) {
  return {
      [shared](const performance_ptr& work) { perform(*shared, work->what); },
      [shared](const inventory_ptr& list) { compare(*shared, *list); },
      [self, shared](signal what) {
        if (what == signal::resend)
          wake_owing(*shared);
        if (what == signal::end)
          self->quit();
      },
  };
}

} // namespace varve::host
