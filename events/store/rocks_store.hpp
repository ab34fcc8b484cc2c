// local_store over RocksDB.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <rocksdb/db.h>

#include "events/local_store.hpp"
#include "events/store/disk_guard.hpp"
#include "events/store/head_marks.hpp"
#include "events/store/store_families.hpp"

namespace varve::log {

using heads = std::array<chain_head, partition_count>;

class rocks_store final : public local_store {
 public:
  explicit rocks_store(store_options options);
  ~rocks_store() override;

  // Opens or makes the database; once, before anything else. log_full when
  // there is no room to do so.
  result<void> open_database();
  // The same for looking only: nothing can be written. Whether nobody else
  // writes, so that it was checked.
  result<bool> look_at_database();
  // Reads every partition's head.
  result<void> load_heads();
  // Compares with how far the log was known to reach, and checks every record
  // and file, or the newest of a large log.
  result<void> check_marks();
  result<void> verify();

  result<void> put(std::span<const record_ptr> batch, bool synced) override;
  disk_state disk() override;

  result<std::vector<record_ptr>> read_stream(std::string_view aggregate_id,
                                              std::uint64_t from_version,
                                              std::size_t limit) override;
  result<std::optional<latest_entry>>
  latest(std::string_view aggregate_id) override;
  result<std::vector<record_ptr>>
  read(std::uint16_t partition, std::uint64_t from, std::size_t limit) override;
  result<chain_head> head(std::uint16_t partition) override;

  result<std::optional<stored_checkpoint>>
  checkpoint(std::string_view aggregate_id) override;
  result<void> put_checkpoint(std::string_view aggregate_id,
                              const stored_checkpoint& saved) override;

  result<std::vector<owing_aggregate>> outstanding() override;
  result<std::vector<due_aggregate>> due(timestamp now,
                                         std::size_t limit) override;
  result<std::optional<timestamp>> next_due() override;
  result<std::optional<position>> command(std::string_view organization_id,
                                          std::string_view command_id) override;

  result<rocksdb::ColumnFamilyHandle*> family(std::string_view name) override;
  rocksdb::DB& database() noexcept override;
  result<void> copy_to(const std::string& directory) override;

 private:
  using iterator = std::unique_ptr<rocksdb::Iterator>;

  result<void> check_links(std::span<const record_ptr> batch, heads& next);
  result<void> refuse(position at, error cause);
  result<record_ptr> record_at(position at);
  result<std::optional<std::string>> get(rocksdb::ColumnFamilyHandle* family,
                                         std::string_view key);
  result<void> check_mark(std::uint16_t partition, const chain_head& mark);
  void publish(const heads& next);
  void tune_compaction(disk_state now);
  void adopt(const std::vector<rocksdb::ColumnFamilyHandle*>& handles);

  store_options options_;
  disk_guard guard_;
  newest_time newest_ = std::make_shared<std::atomic<timestamp>>(0);
  std::unique_ptr<rocksdb::DB> database_;
  store_families families_;

  std::mutex families_mutex_;
  std::map<std::string, rocksdb::ColumnFamilyHandle*, std::less<>> handles_;

  std::mutex heads_mutex_;
  heads heads_{};

  // Of the committer's thread only.
  std::array<bool, partition_count> broken_{};
  bool compacts_ = true;
  std::unique_ptr<head_marks> marks_; // none in a memory environment
};

} // namespace varve::log
