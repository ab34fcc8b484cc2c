#include <catch2/catch.hpp>

#include <fstream>

#include <rocksdb/db.h>

#include "events/store/keys.hpp"
#include "events/verify.hpp"
#include "tests/events/store_fixture.hpp"

namespace varve::log {

using namespace samples;
namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
}

std::vector<fs::path> files_like(const std::string& directory,
                                 const std::string& part) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator{directory})
    if (entry.path().filename().string().find(part) != std::string::npos)
      out.push_back(entry.path());
  return out;
}

// A store with a known content, in several files, closed.
struct closed_store {
  scratch_directory scratch;
  std::string path = scratch.path() + "/store";
  std::string copy = scratch.path() + "/copy";

  explicit closed_store(bool in_tables) {
    {
      open_log log{options_of(path)};
      for (std::uint64_t v = 1; v <= 20; ++v) {
        log.write(log.next(3, "a", v, {.deadline = v, .owes = true}));
        log.write(log.next(4, "b", v));
      }
    }
    // What the WAL held goes into tables when it is replayed.
    if (in_tables)
      open_log{options_of(path)};
  }

  // More records of one partition, all in tables.
  void grow(std::uint64_t records) {
    {
      open_log log{options_of(path)};
      for (std::uint64_t v = 21; v < 21 + records; ++v)
        log.write(log.next(3, "a", v));
    }
    open_log{options_of(path)};
  }

  static store_options options_of(const std::string& where) {
    store_options out;
    out.path = where;
    out.free_bytes = [] { return result<std::uint64_t>{1ull << 40}; };
    out.limits.reserve = 0;
    return out;
  }

  // Opens a copy in which `file` has other bytes.
  result<void> open_with(const fs::path& file, const std::string& bytes) {
    if (!copied_) {
      fs::remove_all(copy);
      fs::copy(path, copy, fs::copy_options::recursive);
    }
    auto place = fs::path{copy} / file.filename();
    write_file(place, bytes);
    auto opened = local_store::open(options_of(copy));
    // What is refused is left as it was.
    copied_ = !opened;
    if (opened)
      return ok();
    fs::copy(file, place, fs::copy_options::overwrite_existing);
    return std::move(opened).error();
  }

 private:
  bool copied_ = false;
};

} // namespace

TEST_CASE("a byte flipped anywhere in the WAL refuses the start") {
  closed_store store{false};
  auto wals = files_like(store.path, ".log");
  REQUIRE(wals.size() == 1);
  auto good = read_file(wals[0]);
  REQUIRE(store.open_with(wals[0], good));
  std::size_t tried = 0;
  // Every byte of the last commits, and the others in steps.
  for (std::size_t i = 0; i<good.size(); i += i + 1500> good.size() ? 1 : 61) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    auto opened = store.open_with(wals[0], bad);
    INFO("byte " << i << " of " << good.size());
    REQUIRE(!opened);
    REQUIRE(opened.error().code == errc::log_corrupt);
    ++tried;
    INFO(opened.error().detail);
    CHECK(opened.error().detail.find("partition") != std::string::npos);
  }
  CHECK(tried > 1000);
}

TEST_CASE("a byte flipped anywhere in the MANIFEST refuses the start") {
  closed_store store{true};
  auto file = files_like(store.path, "MANIFEST")[0];
  auto good = read_file(file);
  REQUIRE(store.open_with(file, good));
  for (std::size_t i = 0; i < good.size(); i += 7) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    INFO("byte " << i << " of " << good.size());
    REQUIRE(!store.open_with(file, bad));
  }
}

TEST_CASE("a byte flipped anywhere in a table refuses the start") {
  closed_store store{true};
  auto tables = files_like(store.path, ".sst");
  REQUIRE(!tables.empty());
  for (const auto& file : tables) {
    auto good = read_file(file);
    for (std::size_t i = 0; i < good.size(); i += 67) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      INFO(file << " byte " << i << " of " << good.size());
      auto opened = store.open_with(file, bad);
      REQUIRE(!opened);
      REQUIRE(opened.error().code == errc::log_corrupt);
      REQUIRE(opened.error().detail.find(file.filename().string())
              != std::string::npos);
    }
  }
}

TEST_CASE("a damaged table of records names the last record before it") {
  closed_store store{true};
  store.grow(600);
  bool named = false;
  for (const auto& file : files_like(store.path, ".sst")) {
    auto bad = read_file(file);
    if (bad.size() < 20000)
      continue;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    auto opened = store.open_with(file, bad);
    REQUIRE(!opened);
    named = named
            || opened.error().detail.find("after partition 3, index")
                   != std::string::npos;
  }
  CHECK(named);
}

TEST_CASE("a WAL cut anywhere refuses the start when acknowledged records go") {
  closed_store store{false};
  auto wal = files_like(store.path, ".log")[0];
  auto good = read_file(wal);
  for (std::size_t size = 0; size < good.size(); size += 1499) {
    auto opened = store.open_with(wal, good.substr(0, size));
    INFO("cut to " << size << " of " << good.size());
    REQUIRE(!opened);
    REQUIRE(opened.error().code == errc::log_corrupt);
  }
}

TEST_CASE("a torn write behind what was acknowledged is dropped") {
  closed_store store{false};
  auto wal = files_like(store.path, ".log")[0];
  auto good = read_file(wal);
  // The beginning of a frame of 200 bytes that never got its end.
  std::string torn{"\x11\x22\x33\x44\xc8\x00\x01", 7};
  torn += std::string(50, 'x');
  REQUIRE(store.open_with(wal, good + torn));
  REQUIRE(store.open_with(wal, good + torn.substr(0, 3)));
  open_log log{store.options_of(store.copy)};
  CHECK(log.head(3).next_index == 21);
  log.write(log.next(3, "a", 21));
}

TEST_CASE("an older copy of the files is noticed by the marks beside them") {
  closed_store store{false};
  auto older = store.scratch.path() + "/older";
  fs::copy(store.path, older, fs::copy_options::recursive);
  {
    open_log log{store.options_of(store.path)};
    log.write(log.next(4, "b", 21));
  }
  fs::copy(store.path + "/heads", older + "/heads",
           fs::copy_options::overwrite_existing);
  auto opened = local_store::open(store.options_of(older));
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::log_corrupt);
  CHECK(opened.error().detail.find("partition 4, index 21 is missing")
        != std::string::npos);
  // Who only looks is told as well.
  auto options = store.options_of(older);
  options.read_only = true;
  CHECK(!local_store::open(options));
}

// Replaces the bytes of a record behind the store's back.
void rewrite_record(const std::string& path, const record& r) {
  rocksdb::DBOptions options;
  std::vector<std::string> names;
  REQUIRE(rocksdb::DB::ListColumnFamilies(options, path, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const auto& name : names)
    families.emplace_back(name, rocksdb::ColumnFamilyOptions{});
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  REQUIRE(rocksdb::DB::Open(options, path, families, &handles, &raw).ok());
  std::unique_ptr<rocksdb::DB> database{raw};
  rocksdb::Slice value{reinterpret_cast<const char*>(r.frame().data()),
                       r.frame().size()};
  for (auto* handle : handles) {
    if (handle->GetName() == "records")
      CHECK(database->Put({}, handle, keys::record(r.at()), value).ok());
    database->DestroyColumnFamilyHandle(handle);
  }
}

TEST_CASE("a rewritten record is found although its own hash fits") {
  closed_store store{false};
  schema::RecordT content;
  {
    open_log log{store.options_of(store.path)};
    log.store->read(3, 3, 1).value()[0]->view().UnPackTo(&content);
  }
  content.principal = "somebody else";
  rewrite_record(store.path, *sealed(content));
  auto opened = local_store::open(store.options_of(store.path));
  REQUIRE(!opened);
  CHECK(opened.error().detail.find("partition 3, index 4")
        != std::string::npos);
}

TEST_CASE("a whole chain verifies and counts what it read") {
  memory_store memory;
  open_log log{memory.options()};
  for (std::uint64_t v = 1; v <= 5; ++v)
    log.write(log.next(3, "a", v));
  auto sum = verify_chains(*log.store);
  REQUIRE(sum);
  CHECK(sum.value().records == partition_count + 5);
  CHECK(sum.value().heads[3] == log.head(3));
  CHECK(verify_tails(*log.store, 2).value().records == partition_count + 1);
}

} // namespace varve::log
