// Checks table files before RocksDB opens them: Debian's build stops the
// process at some damaged tables instead of refusing them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/env.h>

#include "events/base/result.hpp"

namespace varve::log {

// A table of the present version, as the MANIFEST describes it.
struct table_file {
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::uint32_t family = 0;
  std::string checksum; // CRC-32C of the whole file, big endian
};

// Folds the edits of a MANIFEST. Not `understood` = another RocksDB wrote
// something unknown here, and the tables cannot be told.
class manifest_fold {
 public:
  void take(std::string_view edit);

  bool understood() const noexcept {
    return understood_;
  }
  const std::vector<table_file>& tables() const noexcept {
    return tables_;
  }

 private:
  bool understood_ = true;
  std::vector<table_file> tables_;
};

// Reads the newest tables up to `most_bytes`. log_corrupt names the damaged
// file and the record before which it is damaged.
result<void> audit_tables(rocksdb::Env& env, const std::string& directory,
                          std::vector<table_file> tables,
                          std::uint64_t most_bytes);

} // namespace varve::log
