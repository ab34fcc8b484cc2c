#include "tests/bench/raw_log.hpp"

#include <chrono>
#include <cstdio>

#include <rocksdb/db.h>

#include "events/base/ids.hpp"
#include "tests/bench/plane.hpp"

namespace varve::bench {

namespace {

using clock = std::chrono::steady_clock;

void check(const rocksdb::Status& status) {
  if (!status.ok())
    give_up({errc::store_failed, status.ToString()});
}

struct raw_store {
  explicit raw_store(const std::string& path) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto* name :
         {"default", "records", "streams", "latest", "commands"})
      families.emplace_back(name, rocksdb::ColumnFamilyOptions{options});
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(options, path, families, &handles, &opened));
    database.reset(opened);
  }
  ~raw_store() {
    for (auto* handle : handles)
      database->DestroyColumnFamilyHandle(handle);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  std::unique_ptr<rocksdb::DB> database;
};

// Keys and values as long as the store's.
void add(raw_store& to, rocksdb::WriteBatch& batch, std::size_t n,
         const std::string& frame) {
  char place[16];
  std::snprintf(place, sizeof place, "%010zu", n);
  auto id = sandbox_id(n % 10'000);
  check(batch.Put(to.handles[1], place, frame));
  check(batch.Put(to.handles[2], id + std::string(9, '.') + place, place));
  check(batch.Put(to.handles[3], id, std::string(28, 'v')));
  check(batch.Put(to.handles[4], organization_id(0) + sandbox_id(n),
                  std::string(18, 'c')));
}

} // namespace

raw_writes write_raw(const std::string& path, std::size_t record_bytes,
                     std::size_t batch_size, std::size_t batches) {
  raw_store to{path};
  rocksdb::WriteOptions synced;
  synced.sync = true;
  std::string frame(record_bytes, '\0');
  random_bytes(frame.data(), frame.size());
  raw_writes out;
  auto begin = clock::now();
  std::size_t n = 0;
  for (std::size_t i = 0; i < batches; ++i) {
    auto start = clock::now();
    rocksdb::WriteBatch batch;
    for (std::size_t k = 0; k < batch_size; ++k)
      add(to, batch, n++, frame);
    check(to.database->Write(synced, &batch));
    out.milliseconds.push_back(
        std::chrono::duration<double, std::milli>(clock::now() - start)
            .count());
  }
  auto seconds = std::chrono::duration<double>(clock::now() - begin).count();
  out.records_per_second = static_cast<double>(n) / seconds;
  return out;
}

} // namespace varve::bench
