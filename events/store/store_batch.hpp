// One commit in the making: the records and everything derived from them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include <rocksdb/write_batch.h>

#include "events/local_store.hpp"
#include "events/store/store_families.hpp"

namespace varve::log {

class store_batch {
 public:
  store_batch(rocksdb::DB& database, const store_families& families);

  // Reads what the streams of these records last held.
  result<void> load(std::span<const record_ptr> records);

  // Adds a record that names its partition's head. log_corrupt when a stream
  // would have a gap, malformed when an id cannot be a key.
  result<void> add(const record& r);

  // Adds where every touched stream stands at the end; once.
  rocksdb::WriteBatch& finish();

 private:
  struct stream_change {
    std::optional<latest_entry> before;
    latest_entry now;
  };

  result<void> add_entry(const record& r, const schema::Entry& entry);
  result<void> advance(const record& r, std::string_view id,
                       std::uint64_t version, latest_entry next);
  void finish_stream(const std::string& id, const stream_change& change);

  rocksdb::DB& database_;
  const store_families& families_;
  rocksdb::WriteBatch batch_;
  std::unordered_map<std::string, stream_change> streams_;
};

} // namespace varve::log
