#include "runner/operations/file_steps.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <unistd.h>

#include "runner/archive/archive_json.hpp"
#include "runner/archive/copy_tree.hpp"
#include "runner/archive/pack.hpp"
#include "runner/archive/sha256.hpp"
#include "runner/archive/unpack.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/operations/disk_steps.hpp"
#include "runner/sandbox/freezer.hpp"
#include "runner/sandbox/life.hpp"
#include "runner/sandbox/sandbox_files.hpp"

namespace varve::runner {

namespace {

constexpr std::chrono::milliseconds thaw_limit{5000};

work_limit limit_of(const execution& e) {
  work_limit out;
  out.deadline = e.deadline;
  out.cancels = {e.cancel, e.source ? e.source->wish : -1};
  return out;
}

std::uint32_t uid_base(const execution& e) {
  return e.host.addresses.uid_base(e.slot);
}

result<void> mark_incomplete(execution& e) {
  return begin_filling(e.host.where, e.id());
}

// All that was written is on the disk, through an image too, before it counts
// as the sandbox's files: what it came from may be removed after that.
result<void> mark_complete(execution& e) {
  auto path = e.layer->upper();
  unique_fd upper{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!upper || ::syncfs(upper.get()) != 0)
    return last_error("sync " + path);
  return end_filling(e.host.where, e.id());
}

result<void> freeze_source(execution& e) {
  auto& source = *e.source;
  auto runs = find_running(e.host.where, source.id, e.host.means.boot_id);
  if (!runs || is_frozen(e.host.groups, source.id))
    return ok();
  source.is_frozen = true;
  return freeze(e.host.groups, source.id, e.deadline);
}

result<void> copy_source(execution& e) {
  VARVE_TRY(auto from, look_at_disk(e, e.source->id));
  return copy_tree(from.upper(), e.host.addresses.uid_base(e.source->slot),
                   e.layer->upper(), uid_base(e), limit_of(e));
}

result<void> pack_files(execution& e) {
  VARVE_TRY(auto files, read_sandbox_record(e.host.where, e.id()));
  VARVE_TRY(auto layer, look_at_disk(e, e.id()));
  VARVE_TRY(auto writer, e.host.archives->write(e.id()));
  archive_record record;
  record.sandbox_id = e.id();
  record.image_ref = files.image_ref;
  record.version = e.operation.version;
  sha256 sum;
  VARVE_CHECK(pack_tree(
      layer.upper(), uid_base(e),
      [&](std::span<const std::byte> bytes) {
        sum.add(bytes);
        record.size_bytes += bytes.size();
        return writer->write(bytes);
      },
      limit_of(e)));
  record.hash = sum.take();
  VARVE_CHECK(writer->commit(record));
  e.archived = record;
  return ok();
}

// Read back from where it lies.
result<void> check_archive(execution& e) {
  VARVE_TRY(auto reader, e.host.archives->read(e.id()));
  auto limit = limit_of(e);
  sha256 sum;
  std::uint64_t size = 0;
  std::vector<std::byte> buffer(1 << 20);
  for (;;) {
    VARVE_CHECK(limit.check());
    VARVE_TRY(auto n, reader->read(buffer));
    if (n == 0)
      break;
    sum.add(std::span{buffer}.first(n));
    size += n;
  }
  auto hash = sum.take();
  if (hash != e.archived->hash || size != e.archived->size_bytes)
    return failure(errc::malformed, "the archive is damaged: its SHA-256 is "
                                        + hex_of(hash) + " and not "
                                        + hex_of(e.archived->hash));
  return ok();
}

// The one that the log means.
result<void> know_archive(execution& e) {
  if (!is_archived(e))
    return failure(errc::not_found, "the archive is missing");
  const auto& wanted = e.operation.archive;
  if (!wanted || !wanted->hash)
    return ok();
  auto* bytes = wanted->hash->bytes();
  if (!std::equal(bytes->begin(), bytes->end(), e.archived->hash.begin()))
    return failure(errc::malformed, "the archive is another one than it was");
  return ok();
}

result<void> unpack_files(execution& e) {
  VARVE_TRY(auto reader, e.host.archives->read(e.id()));
  return unpack_tree(
      e.layer->upper(), uid_base(e),
      [&](std::span<std::byte> into) { return reader->read(into); },
      limit_of(e));
}

result<void> free_files(execution& e) {
  VARVE_CHECK(free_disk(e));
  return drop_files(e);
}

constexpr std::array fork_table{
    step{"mark", mark_incomplete},  step{"disk", make_disk_to_fill},
    step{"files", make_files},      step{"freeze", freeze_source},
    step{"copy", copy_source},      step{"thaw", thaw_source},
    step{"complete", mark_complete}};

constexpr std::array restore_table{
    step{"know", know_archive},     step{"check", check_archive},
    step{"mark", mark_incomplete},  step{"disk", make_disk_to_fill},
    step{"files", make_files},      step{"unpack", unpack_files},
    step{"complete", mark_complete}};

constexpr std::array archive_table{step{"pack", pack_files},
                                   step{"check", check_archive},
                                   step{"free", free_files}};

} // namespace

std::span<const step> fork_file_steps() noexcept {
  return fork_table;
}

std::span<const step> restore_file_steps() noexcept {
  return restore_table;
}

std::span<const step> archive_steps() noexcept {
  return archive_table;
}

result<void> thaw_source(execution& e) {
  if (!e.source || !e.source->is_frozen)
    return ok();
  auto limit = std::chrono::steady_clock::now() + thaw_limit;
  VARVE_CHECK(thaw(e.host.groups, e.source->id, limit));
  e.source->is_frozen = false;
  return ok();
}

bool is_archived(execution& e) {
  if (e.archived)
    return true;
  auto found = e.host.archives->find(e.id());
  if (found && found.value())
    e.archived = std::move(*found.value());
  return e.archived.has_value();
}

std::unique_ptr<schema::ArchiveT> described(const archive_record& record) {
  auto out = std::make_unique<schema::ArchiveT>();
  out->size_bytes = record.size_bytes;
  out->hash = std::make_unique<schema::Digest>(
      flatbuffers::span<const std::uint8_t, 32>{record.hash});
  return out;
}

} // namespace varve::runner
