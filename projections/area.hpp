// Where one projection's rows lie: below a prefix of a column family that all
// projections and all their generations share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "events/base/result.hpp"

namespace varve::projections {

error store_error(const rocksdb::Status& status);

// The database all projections write to. Written without its write-ahead log:
// the column family loses its newest batches in a crash, rows and positions
// alike, and reads them from the log again.
struct database {
  rocksdb::DB& db;
  rocksdb::ColumnFamilyHandle& family;

  result<void> write(rocksdb::WriteBatch& batch) const;
};

// Copyable; any thread.
class area {
 public:
  area(database base, std::uint32_t generation, char projection);

  result<std::optional<std::string>>
  get(std::string_view key, const rocksdb::Snapshot* as_of = nullptr) const;

  void put(rocksdb::WriteBatch& batch, std::string_view key,
           std::string_view value) const;
  void erase(rocksdb::WriteBatch& batch, std::string_view key) const;

  // Everything of the generations [from, to), whatever projection.
  static void erase_generations(rocksdb::WriteBatch& batch, database base,
                                std::uint32_t from, std::uint32_t to);

  const database& base() const noexcept {
    return base_;
  }
  const std::string& prefix() const noexcept {
    return prefix_;
  }

 private:
  database base_;
  std::string prefix_;
};

// One state of the database for as long as this lives.
class frozen {
 public:
  explicit frozen(const database& base);
  ~frozen();
  frozen(const frozen&) = delete;
  frozen& operator=(const frozen&) = delete;

  const rocksdb::Snapshot* get() const noexcept {
    return snapshot_;
  }

 private:
  rocksdb::DB& db_;
  const rocksdb::Snapshot* snapshot_;
};

// Walks the rows of an area whose keys begin with `below`, in key order or
// against it. Invalid until it was placed.
class scan {
 public:
  scan(const area& rows, std::string_view below,
       const rocksdb::Snapshot* as_of = nullptr);

  void first();
  void last();
  // The nearest row above, or below, a key (which need not exist).
  void above(std::string_view key);
  void beneath(std::string_view key);

  bool valid() const {
    return it_->Valid();
  }
  void next() {
    it_->Next();
  }
  void previous() {
    it_->Prev();
  }
  // Without the area's prefix; until the scan moves.
  std::string_view key() const;
  // What follows `below` in the key.
  std::string_view rest() const;
  std::string_view value() const;

  // store_failed when it ended because reading failed.
  result<void> finish() const;

 private:
  std::size_t area_size_;
  std::string lower_;
  std::string upper_;
  rocksdb::Slice lower_bound_;
  rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

// What a projection has decided to write, seen by its own reads before it is
// written. The projector's thread.
class changes {
 public:
  explicit changes(const area& rows) : rows_{rows} {
    // nop
  }

  result<std::optional<std::string>> get(const std::string& key) const;
  void put(const std::string& key, std::string value);
  void erase(const std::string& key);

  void move_to(rocksdb::WriteBatch& batch);
  void discard() noexcept {
    pending_.clear();
  }

 private:
  const area& rows_;
  std::unordered_map<std::string, std::optional<std::string>> pending_;
};

} // namespace varve::projections
