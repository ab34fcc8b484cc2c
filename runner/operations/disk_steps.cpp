#include "runner/operations/disk_steps.hpp"

#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/project_quota.hpp"
#include "runner/sandbox/disk_image.hpp"
#include "runner/sandbox/sandbox_files.hpp"
#include "runner/sandbox/spare_room.hpp"

namespace varve::runner {

namespace {

constexpr std::chrono::milliseconds free_limit{5000};
constexpr std::chrono::milliseconds grow_limit{30'000};

// A project's number is its sandbox's first user id: nobody else's here.
disk_size size_of(const execution& e) {
  disk_size out;
  const auto& spec = e.operation.spec;
  if (spec && spec->resources)
    out.gib = spec->resources->disk_gib();
  if (out.gib == 0)
    out.gib = disk_store::default_gib;
  out.project = e.host.addresses.uid_base(e.slot);
  return out;
}

// Not while it runs. At least as large as `bytes`, and all of it in use.
result<void> settle_size(const layout& where, const sandbox_record& record,
                         std::uint64_t bytes) {
  if (record.disk != disk_method::image)
    return ok();
  return grow_image(image_path(where, record.id), bytes, grow_limit);
}

} // namespace

result<void> make_disk(execution& e) {
  auto size = size_of(e);
  VARVE_TRY(auto made, e.host.disks->make(e.id(), size.gib, size.project));
  e.layer.emplace(std::move(made));
  return ok();
}

result<void> make_disk_to_fill(execution& e) {
  VARVE_CHECK(make_disk(e));
  return give_all_spare(*e.layer, size_of(e));
}

result<void> open_disk(execution& e) {
  auto size = size_of(e);
  if (!e.layer) {
    auto& where = e.host.where;
    VARVE_TRY(auto record, read_sandbox_record(where, e.id()));
    VARVE_CHECK(settle_size(where, record, bytes_of(size.gib)));
    VARVE_TRY(auto layer, writable_layer::prepare(where, e.id(), record.disk));
    e.layer.emplace(std::move(layer));
  }
  return give_spare(*e.layer, size);
}

result<void> limit_disk(execution& e) {
  return take_spare(*e.layer, size_of(e));
}

result<writable_layer> look_at_disk(execution& e, const std::string& id) {
  auto& where = e.host.where;
  if (!find_running(where, id, e.host.means.boot_id)) {
    VARVE_TRY(auto record, read_sandbox_record(where, id));
    VARVE_CHECK(settle_size(where, record, 0));
  }
  return writable_layer::open(where, id);
}

unique_fd hold_disk(const execution& e) {
  auto mount = mount_image_again(image_path(e.host.where, e.id()));
  return mount ? std::move(mount.value()) : unique_fd{};
}

// Its mounts end with its processes, a moment later.
result<void> free_disk(execution& e) {
  if (!wait_until_free(image_path(e.host.where, e.id()), free_limit))
    log_warning("runner", "the disk of " + e.id() + " is still written to");
  return ok();
}

result<void> drop_files(execution& e) {
  auto& where = e.host.where;
  auto has_quota = exists(layer_root(where, e.id(), disk_method::quota, {}))
                   && e.slot < address_plan::slots;
  VARVE_CHECK(remove_sandbox_files(where, e.id()));
  if (!has_quota)
    return ok();
  return limit_project(where.data(), size_of(e).project, {});
}

} // namespace varve::runner
