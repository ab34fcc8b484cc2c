// Checks a database's files before RocksDB reads them.
#pragma once

#include <cstdint>
#include <string>

#include <rocksdb/env.h>

#include "events/base/result.hpp"

namespace varve::log {

// The number RocksDB gave the family of the records.
inline constexpr std::uint32_t records_family_number = 1;

// Every WAL, the present MANIFEST and the newest tables up to `most_bytes` of
// a database that is not open. log_corrupt when a byte is not what was
// written, naming the file and the record that lies there or before it.
result<void> audit_database(rocksdb::Env& env, const std::string& directory,
                            std::uint64_t most_bytes);

} // namespace varve::log
