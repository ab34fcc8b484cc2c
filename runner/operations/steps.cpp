#include "runner/operations/steps.hpp"

#include <algorithm>
#include <array>

#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/process.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/link/sandbox_link.hpp"
#include "runner/operations/crash_point.hpp"
#include "runner/operations/disk_steps.hpp"
#include "runner/operations/file_steps.hpp"
#include "runner/sandbox/freezer.hpp"
#include "runner/sandbox/sandbox_files.hpp"
#include "runner/sandbox/toolbox_socket.hpp"

namespace varve::runner {

namespace {

constexpr std::chrono::milliseconds stop_grace{5000};
constexpr std::chrono::milliseconds thaw_limit{5000};
constexpr std::chrono::milliseconds runtime_limit{10'000};

// Where the owner's figures are missing or absurd.
constexpr std::uint32_t default_memory_mib = 1024;
constexpr std::uint32_t default_cpu_millis = 1000;
constexpr std::uint32_t least_memory_mib = 64;
constexpr std::uint32_t least_cpu_millis = 100;

cgroup_limits limits_of(const execution& e) {
  auto& resources = e.operation.spec->resources;
  auto mib = resources ? resources->memory_mib() : default_memory_mib;
  auto millis = resources ? resources->cpu_millis() : default_cpu_millis;
  cgroup_limits out;
  out.memory_bytes = std::uint64_t{std::max(mib, least_memory_mib)} << 20;
  out.cpu_millis = std::max(millis, least_cpu_millis);
  out.pids = e.host.settings.guest_pids;
  return out;
}

result<void> make_groups(execution& e) {
  return e.host.groups.create(e.id(), limits_of(e));
}

result<void> apply_egress(execution& e) {
  egress what;
  if (const auto& wanted = e.operation.spec->network) {
    what.block_all = wanted->block_all;
    what.allow_list = wanted->allow_list;
  }
  if (e.network == nullptr && what.is_open())
    return ok();
  if (e.network == nullptr)
    return failure(errc::unsupported, "no firewall is kept");
  return e.network->apply(e.host.addresses.address(e.slot), std::move(what));
}

result<void> make_bundle(execution& e) {
  auto& host = e.host;
  start_request request;
  VARVE_TRY(request.from, image_of(e));
  request.layer = &*e.layer;
  request.guest = guest_of(e);
  request.limits = limits_of(e);
  request.link = host.where.link(e.slot);
  request.address = host.addresses.address(e.slot);
  request.gateway = host.addresses.gateway();
  request.uid_base = host.addresses.uid_base(e.slot);
  VARVE_TRY(auto prepared,
            launch::prepare(host.where, host.means, host.groups, request));
  e.start.emplace(std::move(prepared));
  return ok();
}

result<void> begin_monitor(execution& e) {
  return e.start->begin();
}

result<void> wait_joined(execution& e) {
  return e.start->wait_for("joined", e.deadline, e.cancel);
}

result<void> wait_network(execution& e) {
  return e.start->wait_for("network", e.deadline, e.cancel);
}

result<void> wait_mounts(execution& e) {
  return e.start->wait_for("mounts", e.deadline, e.cancel);
}

result<void> wait_started(execution& e) {
  return e.start->wait_for("started", e.deadline, e.cancel);
}

result<void> wait_ready(execution& e) {
  VARVE_TRY(e.toolbox_version,
            ask_toolbox_version(e.host.where.run_sandbox(e.id()), e.deadline,
                                e.cancel));
  return ok();
}

result<void> freeze_processes(execution& e) {
  return freeze(e.host.groups, e.id(), e.deadline);
}

// What is frozen would neither heed a signal nor, on cgroup v1, die of one.
result<void> thaw_processes(execution& e) {
  auto limit = std::chrono::steady_clock::now() + thaw_limit;
  return thaw(e.host.groups, e.id(), limit);
}

result<void> set_limits(execution& e) {
  return e.host.groups.set_limits(e.id(), limits_of(e));
}

result<void> stop_processes(execution& e) {
  auto gentle =
      e.operation.kind == schema::OperationKind::Stop && !e.operation.force;
  auto grace = gentle ? stop_grace : std::chrono::milliseconds{0};
  unique_fd disk;
  if (e.operation.kind == schema::OperationKind::Stop)
    disk = hold_disk(e);
  VARVE_TRY(e.end, end_processes(e.host.where, e.host.groups, e.id(), grace));
  e.host.disks->let_go(std::move(disk));
  return ok();
}

result<void> drop_groups(execution& e) {
  return e.host.groups.remove(e.id());
}

result<void> drop_link(execution& e) {
  return remove_link(e.host.where.link(e.slot));
}

// Of a container that has ended there are only files, but for what a runtime
// made in control groups of its own.
result<void> drop_runtime_state(execution& e) {
  auto& means = e.host.means;
  if (means.runtime_cgroups
      && exists(e.host.where.runtime_state() + "/" + e.id())) {
    auto deleted =
        run_program({means.runtime, "--root", e.host.where.runtime_state(),
                     "delete", "--force", e.id()},
                    "", runtime_limit);
    if (!deleted)
      log_warning("runner", deleted.error().detail);
  }
  return remove_tree(e.host.where.runtime_state() + "/" + e.id());
}

result<void> drop_run_directory(execution& e) {
  return remove_tree(e.host.where.run_sandbox(e.id()));
}

result<void> drop_archive(execution& e) {
  return e.host.archives->remove(e.id());
}

constexpr std::array create_table{
    step{"disk", make_disk},        step{"files", make_files},
    step{"room", open_disk},        step{"groups", make_groups},
    step{"egress", apply_egress},   step{"bundle", make_bundle},
    step{"monitor", begin_monitor}, step{"joined", wait_joined},
    step{"network", wait_network},  step{"mounts", wait_mounts},
    step{"started", wait_started},  step{"limit", limit_disk},
    step{"ready", wait_ready}};

constexpr std::array pause_table{step{"freeze", freeze_processes}};
constexpr std::array resume_table{step{"thaw", thaw_processes}};
constexpr std::array adjust_table{step{"limits", set_limits},
                                  step{"egress", apply_egress}};

constexpr std::array destroy_table{step{"thaw", thaw_processes},
                                   step{"processes", stop_processes},
                                   step{"runtime", drop_runtime_state},
                                   step{"groups", drop_groups},
                                   step{"link", drop_link},
                                   step{"run", drop_run_directory},
                                   step{"disk", free_disk},
                                   step{"files", drop_files},
                                   step{"archive", drop_archive}};

} // namespace

result<void> make_files(execution& e) {
  // Until the record names the image, nobody takes it away.
  auto kept = e.host.images->keep_all();
  VARVE_CHECK(load_image(e.host.where, e.image_ref));
  auto& plan = e.host.addresses;
  return make_sandbox_files(
      e.host.where,
      {e.id(), e.slot, e.image_ref, e.operation.version, e.layer->method()},
      *e.layer,
      {plan.uid_base(e.slot), dotted(plan.address(e.slot)),
       dotted(plan.gateway())});
}

result<image> image_of(const execution& e) {
  VARVE_TRY(auto out, load_image(e.host.where, e.image_ref));
  const auto& instead = e.operation.spec->entrypoint;
  if (!instead.empty())
    out.entrypoint = instead;
  return out;
}

guest_config guest_of(const execution& e) {
  const auto& spec = *e.operation.spec;
  guest_config out;
  out.sandbox_id = e.id();
  out.user = spec.user;
  out.waits = e.waits;
  for (const auto& pair : spec.env)
    out.env[pair->key] = pair->value;
  return out;
}

std::string_view name_of(const schema::OperationT& operation) noexcept {
  auto is_fork = operation.kind == schema::OperationKind::Create
                 && operation.spec && !operation.spec->fork_of.empty();
  return is_fork ? std::string_view{"fork"} : name_of(operation.kind);
}

std::string_view name_of(schema::OperationKind kind) noexcept {
  switch (kind) {
  case schema::OperationKind::Create:
    return "create";
  case schema::OperationKind::Start:
    return "start";
  case schema::OperationKind::Stop:
    return "stop";
  case schema::OperationKind::Destroy:
    return "destroy";
  case schema::OperationKind::Pause:
    return "pause";
  case schema::OperationKind::Resume:
    return "resume";
  case schema::OperationKind::Adjust:
    return "adjust";
  case schema::OperationKind::Resolve:
    return "resolve";
  case schema::OperationKind::Pull:
    return "pull";
  case schema::OperationKind::Build:
    return "build";
  case schema::OperationKind::Release:
    return "release";
  case schema::OperationKind::Archive:
    return "archive";
  case schema::OperationKind::Restore:
    return "restore";
  case schema::OperationKind::None:
    break;
  }
  return "none";
}

std::span<const step> file_steps() noexcept {
  return std::span{create_table}.first(2);
}

std::span<const step> start_steps() noexcept {
  return std::span{create_table}.subspan(2);
}

std::span<const step> end_steps() noexcept {
  return std::span{destroy_table}.first(destroy_table.size() - 3);
}

std::span<const step> steps_of(schema::OperationKind kind) noexcept {
  switch (kind) {
  case schema::OperationKind::Create:
    return create_table;
  case schema::OperationKind::Start:
    return start_steps();
  case schema::OperationKind::Stop:
    return end_steps();
  case schema::OperationKind::Destroy:
    return destroy_table;
  case schema::OperationKind::Pause:
    return pause_table;
  case schema::OperationKind::Resume:
    return resume_table;
  case schema::OperationKind::Adjust:
    return adjust_table;
  case schema::OperationKind::Archive:
    return archive_steps();
  case schema::OperationKind::Restore:
    return restore_file_steps();
  case schema::OperationKind::Resolve: // of images, not of a sandbox
  case schema::OperationKind::Pull:
  case schema::OperationKind::Build:
  case schema::OperationKind::Release:
  case schema::OperationKind::None:
    break;
  }
  return {};
}

result<void> run_steps(execution& e, std::span<const step> steps,
                       std::string_view operation) {
  for (auto& s : steps) {
    auto done = s.run(e);
    if (!done)
      return prefixed(s.name, done.error());
    crash_point(operation, s.name);
  }
  return ok();
}

} // namespace varve::runner
