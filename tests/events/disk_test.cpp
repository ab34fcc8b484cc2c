#include <catch2/catch.hpp>

#include "events/store/disk_guard.hpp"
#include "tests/events/store_fixture.hpp"

namespace varve::log {

using namespace samples;

namespace {

constexpr disk_limits small_limits{
    .low = 1000, .critical = 500, .full = 100, .reserve = 300};

// A disk whose room a test sets; it counts what the guard's reserve takes.
struct scripted_disk {
  scratch_directory scratch;
  std::string reserve = scratch.path() + "/reserve";
  std::uint64_t free = 5000;
  disk_guard guard{small_limits, [this] { return result<std::uint64_t>{free}; },
                   reserve};

  bool holds_reserve() const {
    return std::filesystem::exists(reserve)
           && std::filesystem::file_size(reserve) == small_limits.reserve;
  }
};

} // namespace

TEST_CASE("the reserve is made while there is ample room") {
  scripted_disk disk;
  CHECK(disk.guard.look() == disk_state::ample);
  CHECK(disk.holds_reserve());
  disk.free = 1000;
  CHECK(disk.guard.look() == disk_state::ample);
  disk.free = 999;
  CHECK(disk.guard.look() == disk_state::low);
  disk.free = 500;
  CHECK(disk.guard.look() == disk_state::low);
  CHECK(disk.holds_reserve());
}

TEST_CASE("the reserve is given up once and comes back with ample room") {
  scripted_disk disk;
  disk.guard.look();
  disk.free = 499;
  CHECK(disk.guard.look() == disk_state::critical);
  CHECK(!disk.holds_reserve());
  disk.free = 799;
  CHECK(disk.guard.look() == disk_state::critical);
  disk.free = 99;
  CHECK(disk.guard.look() == disk_state::full);
  disk.free = 1299;
  CHECK(disk.guard.look() == disk_state::critical);
  disk.free = 1300;
  CHECK(disk.guard.look() == disk_state::ample);
  CHECK(disk.holds_reserve());
}

TEST_CASE("a reserve found on disk is not made again") {
  scripted_disk disk;
  disk.guard.look();
  disk_guard again{small_limits,
                   [&] { return result<std::uint64_t>{disk.free}; },
                   disk.reserve};
  disk.free = 900;
  CHECK(again.look() == disk_state::low);
}

TEST_CASE("a disk that cannot be asked counts as full") {
  disk_guard guard{
      small_limits,
      []() -> result<std::uint64_t> { return failure(errc::io, "no"); }, ""};
  CHECK(guard.look() == disk_state::full);
  CHECK(disk_guard({}, {}, "").look() == disk_state::ample);
}

TEST_CASE("a full disk refuses an append whole and a later one goes on") {
  memory_store memory;
  auto options = memory.options();
  std::uint64_t free = 5000;
  options.limits = small_limits;
  options.free_bytes = [&] { return result<std::uint64_t>{free}; };
  open_log log{options};
  log.write(log.next(3, "a", 1));
  free = 99;
  CHECK(log.log->disk() == disk_state::full);
  std::vector<record_ptr> batch{log.next(3, "a", 2)};
  auto refused = log.log->append(batch);
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::log_full);
  CHECK(log.head(3).next_index == 2);
  free = 400;
  CHECK(log.log->disk() == disk_state::critical);
  CHECK(log.log->append(batch));
  CHECK(!log.store->put_checkpoint("a", {}));
  free = 5000;
  log.write(log.next(3, "a", 3));
  CHECK(log.store->put_checkpoint("a", {}));
}

TEST_CASE("a store is not opened on a full disk") {
  memory_store memory;
  auto options = memory.options();
  options.free_bytes = [] { return result<std::uint64_t>{0}; };
  auto opened = local_store::open(options);
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::log_full);
}

} // namespace varve::log
