// The node's one RocksDB: records (on one machine: the log itself) and what is
// derived from them record by record. Indexes need nothing but the envelope:
// every entry says what its aggregate waits for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/disk_state.hpp"
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
  std::string path{};
  rocksdb::Env* env = nullptr; // tests pass a memory environment
  disk_limits limits{};
  // Free bytes where `path` lies; by default what the file system says, and
  // no bound in a memory environment.
  std::function<result<std::uint64_t>()> free_bytes{};
  // A log of up to so many bytes is read and checked record by record when it
  // is opened; of a larger one the newest records, and RocksDB's checksums.
  std::uint64_t verify_bytes = std::uint64_t{256} << 20;
  // For looking, also beside the process that writes: the log as of now, and
  // nothing can be written. Its files are checked where nobody writes.
  bool read_only = false;
};

// Any thread, except where said.
class local_store {
 public:
  // Refuses to open what is damaged, naming the record (log_corrupt).
  static result<std::unique_ptr<local_store>> open(store_options options);
  virtual ~local_store() = default;

  // Adds records that count, in the order of their chains, with everything
  // derived from them: all or nothing. The committer's thread only. Errors:
  //   log_void      one does not name its partition's head
  //   log_corrupt   one breaks a rule of the chain or leaves a gap in a
  //                 stream; its partition takes nothing more until it is
  //                 opened again
  //   log_full      no room left even for what gives room back
  //   store_failed  unknown whether it is written: open the store again
  virtual result<void> put(std::span<const record_ptr> batch, bool synced) = 0;

  // Looks at the file system, releasing or restoring the reserve.
  virtual disk_state disk() = 0;

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
