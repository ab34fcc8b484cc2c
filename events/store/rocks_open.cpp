// How a store is opened.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "events/chain.hpp"
#include "events/store/database_audit.hpp"
#include "events/store/keys.hpp"
#include "events/store/rocks_store.hpp"
#include "events/verify.hpp"

namespace varve::log {

namespace {

constexpr int most_looks = 8;

// Records of each partition that are checked when the log is a large one.
constexpr std::uint64_t tail_depth = 1024;

result<std::vector<std::string>>
families_on_disk(const rocksdb::DBOptions& options, const std::string& path) {
  std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName};
  auto exists = options.env->FileExists(path + "/CURRENT");
  if (!exists.ok() && !exists.IsNotFound())
    return from_status("opening " + path, exists);
  if (exists.ok()) {
    auto status = rocksdb::DB::ListColumnFamilies(options, path, &names);
    if (!status.ok())
      return from_status("opening " + path, status);
  }
  for (const auto& own : own_families())
    if (std::find(names.begin(), names.end(), own) == names.end())
      names.push_back(own);
  return names;
}

result<void> make_directory(const store_options& options) {
  if (options.env) {
    auto status = options.env->CreateDirIfMissing(options.path);
    return status.ok()
               ? result<void>{ok()}
               : result<void>{from_status("making " + options.path, status)};
  }
  std::error_code cause;
  std::filesystem::create_directories(options.path, cause);
  if (cause)
    return failure(errc::io, "making " + options.path + ": " + cause.message());
  return ok();
}

// Nothing of a database in use is looked at.
result<void> check_unused(rocksdb::Env& env, const std::string& path) {
  rocksdb::FileLock* lock = nullptr;
  auto status = env.LockFile(path + "/LOCK", &lock);
  if (!status.ok())
    return failure(errc::store_failed,
                   path + " is in use: " + status.ToString());
  env.UnlockFile(lock);
  return ok();
}

} // namespace

result<std::unique_ptr<local_store>> local_store::open(store_options options) {
  if (options.read_only) {
    auto looker = std::make_unique<rocks_store>(std::move(options));
    VARVE_TRY(auto is_still, looker->look_at_database());
    VARVE_CHECK(looker->load_heads());
    if (is_still) {
      VARVE_CHECK(looker->check_marks());
    }
    return std::unique_ptr<local_store>{std::move(looker)};
  }
  VARVE_CHECK(make_directory(options));
  auto store = std::make_unique<rocks_store>(std::move(options));
  VARVE_CHECK(store->open_database());
  VARVE_CHECK(store->load_heads());
  VARVE_CHECK(store->check_marks());
  VARVE_CHECK(store->verify());
  return std::unique_ptr<local_store>{std::move(store)};
}

void rocks_store::adopt(
    const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  for (auto* handle : handles)
    handles_.emplace(handle->GetName(), handle);
  families_ = {handles_.at("records"),     handles_.at("streams"),
               handles_.at("latest"),      handles_.at("checkpoints"),
               handles_.at("outstanding"), handles_.at("deadlines"),
               handles_.at("commands")};
}

result<void> rocks_store::open_database() {
  auto room = disk();
  if (room == disk_state::full)
    return failure(errc::log_full, "the disk under " + options_.path
                                       + " is full: free some space first");
  compacts_ = room == disk_state::ample;
  auto options = database_options(options_.env);
  options.create_missing_column_families = true;
  VARVE_CHECK(check_unused(*options.env, options_.path));
  VARVE_CHECK(
      audit_database(*options.env, options_.path, options_.verify_bytes));
  VARVE_TRY(auto names, families_on_disk(options, options_.path));
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted;
  for (const auto& name : names) {
    wanted.emplace_back(name, family_options(name, newest_));
    wanted.back().options.disable_auto_compactions = !compacts_;
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  auto status =
      rocksdb::DB::Open(options, options_.path, wanted, &handles, &raw);
  if (!status.ok())
    return from_status("opening " + options_.path, status);
  database_.reset(raw);
  adopt(handles);
  if (families_.records->GetID() != records_family_number)
    return failure(errc::log_corrupt,
                   options_.path + " was not made by this program");
  return ok();
}

result<bool> rocks_store::look_at_database() {
  auto options = database_options(options_.env);
  options.create_if_missing = false;
  // Beside a writer the files change while they are read.
  auto is_still = bool(check_unused(*options.env, options_.path));
  if (is_still) {
    VARVE_CHECK(
        audit_database(*options.env, options_.path, options_.verify_bytes));
  }
  VARVE_TRY(auto names, families_on_disk(options, options_.path));
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted;
  for (const auto& name : names)
    wanted.emplace_back(name, family_options(name, newest_));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  rocksdb::Status status;
  // The process that writes it removes files that newer ones replace, so one
  // that was just listed may be gone when it is opened.
  for (int look = 0; look < most_looks; ++look) {
    status = rocksdb::DB::OpenForReadOnly(options, options_.path, wanted,
                                          &handles, &raw);
    if (status.ok())
      break;
  }
  if (!status.ok())
    return from_status("looking at " + options_.path, status);
  database_.reset(raw);
  adopt(handles);
  return is_still;
}

result<void> rocks_store::load_heads() {
  iterator it{database_->NewIterator({}, families_.records)};
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    it->SeekForPrev(keys::record({p, ~std::uint64_t{0}}));
    if (!it->status().ok())
      return from_status("the head of partition " + std::to_string(p),
                         it->status());
    if (!it->Valid())
      continue;
    auto at = keys::parse_position(it->key().ToStringView());
    if (!at)
      return failure(errc::log_corrupt, "a record's key is damaged");
    if (at->partition != p)
      continue;
    VARVE_TRY(auto newest, record_at(*at));
    heads_[p] = head_after(*newest);
    newest_->store(std::max(newest_->load(), heads_[p].time));
  }
  return ok();
}

result<void> rocks_store::check_marks() {
  auto file = options_.path + "/heads";
  if (options_.env || (options_.read_only && !std::filesystem::exists(file)))
    return ok();
  VARVE_TRY(marks_, head_marks::open(file));
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    auto mark = marks_->at(p);
    if (mark.next_index != 0) {
      VARVE_CHECK(check_mark(p, mark));
    }
    if (heads_[p].next_index != 0 && !options_.read_only)
      marks_->set(p, heads_[p]);
  }
  return ok();
}

result<void> rocks_store::check_mark(std::uint16_t partition,
                                     const chain_head& mark) {
  const auto& head = heads_[partition];
  if (head.next_index < mark.next_index)
    return failure(errc::log_corrupt,
                   to_string({partition, head.next_index})
                       + " is missing: the log was known to reach index "
                       + std::to_string(mark.next_index - 1));
  position marked{partition, mark.next_index - 1};
  VARVE_TRY(auto there, record_at(marked));
  if (there->hash() != mark.hash)
    return failure(errc::log_corrupt,
                   to_string(marked) + " is not the record that was there");
  return ok();
}

result<void> rocks_store::verify() {
  std::uint64_t bytes = 0;
  database_->GetAggregatedIntProperty(
      rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
  auto found = bytes <= options_.verify_bytes ? verify_chains(*this)
                                              : verify_tails(*this, tail_depth);
  return found ? result<void>{ok()} : result<void>{std::move(found).error()};
}

} // namespace varve::log
