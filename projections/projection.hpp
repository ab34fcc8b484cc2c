// One read model's way through the log: what all of them have in common.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "events/record.hpp"
#include "projections/area.hpp"

namespace varve::projections {

// Folds records in the order of their partitions and keeps, per partition,
// how far it is, in the same batch as its rows. One that cannot fold a record
// stops alone. Changed by one thread; check() and rows() by any.
class projection {
 public:
  virtual ~projection() = default;
  projection(const projection&) = delete;
  projection& operator=(const projection&) = delete;

  std::string_view name() const noexcept {
    return name_;
  }
  const area& rows() const noexcept {
    return rows_;
  }

  // store_failed, naming the record, once it has stopped.
  result<void> check() const;
  bool has_stopped() const noexcept {
    return stopped_.load(std::memory_order_acquire);
  }
  void stop(std::string_view where, const error& cause);

  // The positions as written.
  result<void> load();
  std::uint64_t next(std::uint16_t partition) const noexcept {
    return places_[partition].next;
  }
  // Of the record before next(); all zero without one.
  const log::digest& last_hash(std::uint16_t partition) const noexcept {
    return places_[partition].hash;
  }

  // Ignores what it has folded, and everything once it has stopped.
  void apply(const log::record& r);

  // Rows and positions since the last time. A position alone, which changes
  // no row, is written now and then only, or when `every_position`.
  void move_to(rocksdb::WriteBatch& batch, bool every_position);

 protected:
  // `letter` names its rows on disk: never reuse one.
  projection(std::string_view name, database base, std::uint32_t generation,
             char letter);

  virtual bool concerns(schema::AggregateType aggregate) const noexcept = 0;
  // An error means that log and rows cannot both be right.
  virtual result<void> fold(const schema::Record& record,
                            const schema::Entry& entry) = 0;
  virtual void move_rows_to(rocksdb::WriteBatch& batch) = 0;
  virtual void discard() noexcept = 0;

 private:
  struct place {
    std::uint64_t next = 0;
    log::digest hash{};
    std::uint32_t unwritten = 0; // records since the position was written
    bool has_rows = false;       // of which some changed rows
  };

  result<bool> fold_entries(const schema::Record& record);

  std::string name_;
  area rows_;
  std::array<place, log::partition_count> places_{};
  std::vector<std::uint16_t> moved_; // partitions with unwritten records
  std::string fault_;                // set before stopped_
  std::atomic<bool> stopped_ = false;
};

// Whether a key of an area holds a position, not a row.
bool is_position(std::string_view key) noexcept;

} // namespace varve::projections
