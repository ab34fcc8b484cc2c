// The store's own column families, and how RocksDB is set up for them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include "events/base/clock.hpp"
#include "events/base/error.hpp"
#include "events/base/result.hpp"

namespace varve::log {

// Handles of an open database, which owns them.
struct store_families {
  rocksdb::ColumnFamilyHandle* records = nullptr;
  rocksdb::ColumnFamilyHandle* streams = nullptr;
  rocksdb::ColumnFamilyHandle* latest = nullptr;
  rocksdb::ColumnFamilyHandle* checkpoints = nullptr;
  rocksdb::ColumnFamilyHandle* outstanding = nullptr;
  rocksdb::ColumnFamilyHandle* deadlines = nullptr;
  rocksdb::ColumnFamilyHandle* commands = nullptr;
};

// In the order they are made in; the numbers RocksDB gives them (from 1) are
// on disk.
const std::vector<std::string>& own_families();

// The time of the newest record, for what expires by it.
using newest_time = std::shared_ptr<std::atomic<timestamp>>;

rocksdb::DBOptions database_options(rocksdb::Env* env);
rocksdb::ColumnFamilyOptions family_options(std::string_view name,
                                            const newest_time& newest);

// Corruption stays corruption, everything else is a failed store.
error from_status(std::string_view what, const rocksdb::Status& status);

} // namespace varve::log
