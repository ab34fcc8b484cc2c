#include "events/store/store_families.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "events/store/command_expiry.hpp"

namespace varve::log {

namespace {

constexpr std::size_t mebibyte = 1 << 20;
// Records are read in order more often than one by one.
constexpr std::size_t record_block_bytes = 16 << 10;
constexpr std::uint64_t seconds_a_day = 24 * 60 * 60;

const std::shared_ptr<rocksdb::Cache>& block_cache() {
  static const auto cache = rocksdb::NewLRUCache(64 * mebibyte);
  return cache;
}

// Asked for by whole keys, often for one that is not there.
bool is_looked_up(std::string_view name) noexcept {
  return name == "latest" || name == "commands" || name == "checkpoints";
}

} // namespace

const std::vector<std::string>& own_families() {
  static const std::vector<std::string> names{
      "records",     "streams",   "latest",  "checkpoints",
      "outstanding", "deadlines", "commands"};
  return names;
}

rocksdb::DBOptions database_options(rocksdb::Env* env) {
  rocksdb::DBOptions out;
  if (env)
    out.env = env;
  out.create_if_missing = true;
  // A torn last write was not acknowledged; anything else is damage. (The
  // default mode opens without whatever follows a damaged place.)
  out.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  out.paranoid_checks = true;
  out.track_and_verify_wals_in_manifest = true;
  out.verify_sst_unique_id_in_manifest = true;
  out.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  // One family that is seldom written would hold back the WALs of all and
  // make the next start replay them.
  out.max_total_wal_size = 64 * mebibyte;
  out.db_write_buffer_size = 64 * mebibyte;
  out.max_background_jobs = 2;
  out.max_open_files = 512;
  out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  out.max_log_file_size = mebibyte;
  out.keep_log_file_num = 2;
  return out;
}

rocksdb::ColumnFamilyOptions family_options(std::string_view name,
                                            const newest_time& newest) {
  rocksdb::ColumnFamilyOptions out;
  out.write_buffer_size = 16 * mebibyte;
  out.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache();
  if (name == "records")
    table.block_size = record_block_bytes;
  if (is_looked_up(name))
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Its batches come sorted; the first bytes of a key name its table. Where
  // the last insertion in a table was is where the next one is near.
  if (name == "projections")
    out.memtable_insert_with_hint_prefix_extractor.reset(
        rocksdb::NewFixedPrefixTransform(6));
  if (name == "commands") {
    out.compaction_filter_factory = command_expiry(newest);
    out.periodic_compaction_seconds = seconds_a_day;
  }
  return out;
}

error from_status(std::string_view what, const rocksdb::Status& status) {
  auto code = status.IsCorruption() ? errc::log_corrupt : errc::store_failed;
  return error{code, std::string{what} + ": " + status.ToString()};
}

} // namespace varve::log
