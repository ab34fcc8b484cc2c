// The node's one RocksDB: records (on one machine: the log itself) and what is
// derived from them record by record. Indexes need nothing but the envelope:
// every entry says what its aggregate waits for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/record.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
} // namespace rocksdb

namespace varve::log {

// The newest entry of a stream.
struct latest_entry {
  schema::AggregateType aggregate = schema::AggregateType::None;
  std::uint64_t version = 0;
  position at;
  timestamp deadline = 0; // 0 = none
  bool owes = false;
};

struct due_aggregate {
  timestamp due = 0;
  schema::AggregateType aggregate = schema::AggregateType::None;
  std::string id;
  std::uint64_t version = 0; // that armed it
};

struct owing_aggregate {
  schema::AggregateType aggregate = schema::AggregateType::None;
  std::string id;
};

struct stored_checkpoint {
  std::uint64_t version = 0;
  std::uint32_t fold_version = 0;
  std::vector<std::byte> state;
};

struct store_options {
  std::string path;
  rocksdb::Env* env = nullptr; // tests pass a memory environment
};

// Any thread, except where said.
class local_store {
 public:
  // Refuses to open what is damaged, naming the record (log_corrupt).
  static result<std::unique_ptr<local_store>> open(store_options options);
  virtual ~local_store() = default;

  // Records that hold an entry of this stream, oldest first, from `version`
  // on. An organization's stream holds the entries that bear an
  // organization_version.
  virtual result<std::vector<record_ptr>>
  read_stream(std::string_view aggregate_id, std::uint64_t from_version,
              std::size_t limit) = 0;
  virtual result<std::optional<latest_entry>>
  latest(std::string_view aggregate_id) = 0;
  virtual result<std::vector<record_ptr>>
  read(std::uint16_t partition, std::uint64_t from, std::size_t limit) = 0;
  virtual result<chain_head> head(std::uint16_t partition) = 0;

  virtual result<std::optional<stored_checkpoint>>
  checkpoint(std::string_view aggregate_id) = 0;
  virtual result<void> put_checkpoint(std::string_view aggregate_id,
                                      const stored_checkpoint& saved) = 0;

  // Aggregates that wait for an operation's outcome.
  virtual result<std::vector<owing_aggregate>> outstanding() = 0;
  // Due at or before `now`, soonest first.
  virtual result<std::vector<due_aggregate>> due(timestamp now,
                                                 std::size_t limit) = 0;
  virtual result<std::optional<timestamp>> next_due() = 0;
  // Where a command of an organization was recorded, for 24 h.
  virtual result<std::optional<position>>
  command(std::string_view organization_id, std::string_view command_id) = 0;

  // For what shares the database (projections, keys): a column family, made
  // on demand; the handle lives as long as the store. RocksDB cannot find an
  // open family by its name, so whoever opened them must hand them out.
  virtual result<rocksdb::ColumnFamilyHandle*>
  family(std::string_view name) = 0;
  virtual rocksdb::DB& database() noexcept = 0;

  // A consistent copy into a directory that must not exist, while it serves.
  virtual result<void> copy_to(const std::string& directory) = 0;
};

} // namespace varve::log
