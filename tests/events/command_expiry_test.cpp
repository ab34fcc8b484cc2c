#include <catch2/catch.hpp>

#include "events/store/command_expiry.hpp"
#include "events/store/keys.hpp"
#include "tests/events/store_fixture.hpp"

namespace varve::log {

using namespace samples;

TEST_CASE("a command goes a day after it, by the log's newest record") {
  constexpr timestamp day = 24 * 3600 * 1000;
  CHECK(!is_expired(5, 5));
  CHECK(!is_expired(epoch_2026, epoch_2026 + day));
  CHECK(is_expired(epoch_2026, epoch_2026 + day + 1));
}

TEST_CASE("compaction removes commands that are over a day old") {
  memory_store memory;
  auto newest = std::make_shared<std::atomic<timestamp>>(epoch_2026);
  rocksdb::Options options{database_options(memory.options().env),
                           family_options("commands", newest)};
  rocksdb::DB* raw = nullptr;
  REQUIRE(rocksdb::DB::Open(options, "/commands", &raw).ok());
  std::unique_ptr<rocksdb::DB> database{raw};
  constexpr timestamp hour = 3600 * 1000;
  for (timestamp i = 0; i < 48; ++i)
    REQUIRE(database
                ->Put({}, keys::command("org", std::to_string(i)),
                      keys::value_of(
                          keys::command_place{{3, i}, epoch_2026 + i * hour}))
                .ok());
  *newest = epoch_2026 + 47 * hour;
  rocksdb::CompactRangeOptions how;
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  REQUIRE(database->CompactRange(how, nullptr, nullptr).ok());
  std::size_t left = 0;
  std::unique_ptr<rocksdb::Iterator> it{database->NewIterator({})};
  for (it->SeekToFirst(); it->Valid(); it->Next())
    ++left;
  CHECK(left == 25);
}

} // namespace varve::log
