#include "events/store/rocks_store.hpp"

#include <algorithm>
#include <utility>

#include <rocksdb/utilities/checkpoint.h>

#include "events/chain.hpp"
#include "events/store/command_expiry.hpp"
#include "events/store/keys.hpp"
#include "events/store/store_batch.hpp"

namespace varve::log {

namespace {

std::size_t bytes_in(std::span<const record_ptr> batch) noexcept {
  std::size_t out = 0;
  for (const auto& r : batch)
    out += r->frame().size();
  return out;
}

free_bytes_probe probe_for(const store_options& options) {
  if (options.free_bytes)
    return options.free_bytes;
  return options.env ? free_bytes_probe{} : file_system_probe(options.path);
}

} // namespace

rocks_store::rocks_store(store_options options)
    : options_(std::move(options)),
      guard_(options_.limits, probe_for(options_),
             options_.env ? std::string{} : options_.path + "/reserve") {
  // nop
}

rocks_store::~rocks_store() {
  if (!database_)
    return;
  for (auto& [name, handle] : handles_)
    database_->DestroyColumnFamilyHandle(handle);
  database_->Close();
}

result<void> rocks_store::put(std::span<const record_ptr> batch, bool synced) {
  if (batch.empty())
    return ok();
  auto room = disk();
  tune_compaction(room);
  if (room == disk_state::full)
    return failure(errc::log_full,
                   "no room for " + std::to_string(bytes_in(batch))
                       + " bytes: the disk under the log is full");
  // Only this thread changes them.
  auto next = heads_;
  VARVE_CHECK(check_links(batch, next));
  store_batch commit{*database_, families_};
  VARVE_CHECK(commit.load(batch));
  for (const auto& r : batch) {
    auto added = commit.add(*r);
    if (!added)
      return refuse(r->at(), std::move(added).error());
  }
  rocksdb::WriteOptions how;
  how.sync = synced;
  auto status = database_->Write(how, &commit.finish());
  if (!status.ok())
    return error{errc::store_failed, "committing: " + status.ToString()};
  publish(next);
  return ok();
}

void rocks_store::publish(const heads& next) {
  auto newest = newest_->load();
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    if (next[p].next_index == heads_[p].next_index)
      continue;
    newest = std::max(newest, next[p].time);
    if (marks_)
      marks_->set(p, next[p]);
  }
  newest_->store(newest);
  std::lock_guard guard{heads_mutex_};
  heads_ = next;
}

result<void> rocks_store::check_links(std::span<const record_ptr> batch,
                                      heads& next) {
  for (const auto& r : batch) {
    auto at = r->at();
    auto& head = next[at.partition];
    if (broken_[at.partition])
      return failure(errc::log_corrupt,
                     "partition " + std::to_string(at.partition)
                         + " has stopped: a record broke its rules");
    if (r->prev() != head.hash)
      return failure(errc::log_void,
                     to_string(at) + " does not name the head at "
                         + to_string({at.partition, head.next_index}));
    chain links{at.partition, head};
    auto counts = links.take(*r);
    if (!counts)
      return refuse(at, std::move(counts).error());
    head = links.head();
  }
  return ok();
}

result<void> rocks_store::refuse(position at, error cause) {
  if (cause.code == errc::log_corrupt)
    broken_[at.partition] = true;
  return prefixed("refused", std::move(cause));
}

disk_state rocks_store::disk() {
  return guard_.look();
}

// A compaction needs room for a copy of what it merges.
void rocks_store::tune_compaction(disk_state now) {
  auto wanted = now == disk_state::ample;
  if (wanted == compacts_)
    return;
  std::lock_guard guard{families_mutex_};
  for (auto& [name, handle] : handles_)
    if (!database_
             ->SetOptions(handle, {{"disable_auto_compactions",
                                    wanted ? "false" : "true"}})
             .ok())
      return;
  compacts_ = wanted;
}

result<chain_head> rocks_store::head(std::uint16_t partition) {
  if (partition >= partition_count)
    return failure(errc::invalid, "no such partition");
  std::lock_guard guard{heads_mutex_};
  return heads_[partition];
}

result<std::optional<std::string>>
rocks_store::get(rocksdb::ColumnFamilyHandle* family, std::string_view key) {
  std::string value;
  auto status = database_->Get({}, family, key, &value);
  if (status.IsNotFound())
    return std::optional<std::string>{};
  if (!status.ok())
    return from_status("reading " + family->GetName(), status);
  return std::optional{std::move(value)};
}

result<std::optional<latest_entry>>
rocks_store::latest(std::string_view aggregate_id) {
  VARVE_TRY(auto value, get(families_.latest, aggregate_id));
  if (!value)
    return std::optional<latest_entry>{};
  auto entry = keys::parse_latest(*value);
  if (!entry)
    return failure(errc::log_corrupt,
                   "latest of " + std::string{aggregate_id} + " is damaged");
  return entry;
}

result<std::optional<stored_checkpoint>>
rocks_store::checkpoint(std::string_view aggregate_id) {
  VARVE_TRY(auto value, get(families_.checkpoints, aggregate_id));
  // One that cannot be read is as good as none.
  return value ? keys::parse_checkpoint(*value) : std::nullopt;
}

result<void> rocks_store::put_checkpoint(std::string_view aggregate_id,
                                         const stored_checkpoint& saved) {
  if (disk() != disk_state::ample)
    return failure(errc::log_full, "no checkpoint: the disk is almost full");
  auto status = database_->Put({}, families_.checkpoints, aggregate_id,
                               keys::value_of(saved));
  return status.ok() ? result<void>{ok()}
                     : result<void>{from_status("saving a checkpoint", status)};
}

result<std::optional<position>>
rocks_store::command(std::string_view organization_id,
                     std::string_view command_id) {
  auto key = keys::command(organization_id, command_id);
  VARVE_TRY(auto value, get(families_.commands, key));
  auto place = value ? keys::parse_command(*value) : std::nullopt;
  if (!place || is_expired(place->time, newest_->load()))
    return std::optional<position>{};
  return std::optional{place->at};
}

result<rocksdb::ColumnFamilyHandle*>
rocks_store::family(std::string_view name) {
  const auto& own = own_families();
  if (std::find(own.begin(), own.end(), name) != own.end())
    return failure(errc::invalid,
                   std::string{name} + " is a family of the store's own");
  std::lock_guard guard{families_mutex_};
  auto found = handles_.find(name);
  if (found != handles_.end())
    return found->second;
  rocksdb::ColumnFamilyHandle* made = nullptr;
  auto status = database_->CreateColumnFamily(family_options(name, newest_),
                                              std::string{name}, &made);
  if (!status.ok())
    return from_status("making family " + std::string{name}, status);
  handles_.emplace(name, made);
  return made;
}

rocksdb::DB& rocks_store::database() noexcept {
  return *database_;
}

result<void> rocks_store::copy_to(const std::string& directory) {
  rocksdb::Checkpoint* raw = nullptr;
  auto status = rocksdb::Checkpoint::Create(database_.get(), &raw);
  std::unique_ptr<rocksdb::Checkpoint> copier{raw};
  if (status.ok())
    status = copier->CreateCheckpoint(directory);
  if (!status.ok())
    return from_status("copying to " + directory, status);
  return ok();
}

} // namespace varve::log
