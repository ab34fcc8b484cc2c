// A file system that is really full, in a mount namespace of the test's own.
#include <catch2/catch.hpp>

#include <fstream>

#include <sched.h>
#include <sys/mount.h>

#include "events/store/disk_guard.hpp"
#include "tests/events/store_fixture.hpp"

namespace varve::log {

using namespace samples;

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

store_options small_disk(const std::string& path) {
  store_options out;
  out.path = path + "/store";
  out.limits = {.low = 96 * mebibyte,
                .critical = 64 * mebibyte,
                .full = 48 * mebibyte,
                .reserve = 16 * mebibyte};
  return out;
}

// Takes all but `left` of the disk, as a neighbour would.
void fill(const std::string& path, std::uint64_t left) {
  std::ofstream out{path + "/neighbour", std::ios::binary | std::ios::app};
  std::string piece(mebibyte / 4, 'x');
  while (file_system_probe(path)().value() > left && out)
    out << piece << std::flush;
}

// Appends until there is no room, and says how many were taken.
std::uint64_t append_until_full(open_log& log, std::uint64_t version) {
  std::string text(100'000, 'y');
  std::uint64_t taken = 0;
  for (;; ++taken) {
    auto r = label_record(log.head(3), 3, "a", version + taken + 1, text);
    std::vector<record_ptr> batch{r};
    auto done = log.log->append(batch);
    if (!done) {
      CHECK(done.error().code == errc::log_full);
      return taken;
    }
    REQUIRE(taken < 10'000);
  }
}

} // namespace

TEST_CASE("a log on a full disk refuses, loses nothing and recovers") {
  scratch_directory scratch;
  const auto& path = scratch.path();
  // Ends with this process.
  REQUIRE(::unshare(CLONE_NEWNS) == 0);
  REQUIRE(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  REQUIRE(::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=256m") == 0);
  std::uint64_t taken = 0;
  {
    open_log log{small_disk(path)};
    log.write(log.next(3, "a", 1));
    CHECK(log.log->disk() == disk_state::ample);
    fill(path, 90 * mebibyte);
    CHECK(log.log->disk() == disk_state::low);
    fill(path, 60 * mebibyte);
    CHECK(log.log->disk() == disk_state::critical);
    taken = 1 + append_until_full(log, 1);
    CHECK(taken > 1);
    fill(path, 0);
    CHECK(append_until_full(log, taken) == 0);
    CHECK(log.store->latest("a").value()->version == taken);
  }
  auto refused = local_store::open(small_disk(path));
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::log_full);
  std::filesystem::remove(path + "/neighbour");
  {
    open_log log{small_disk(path)};
    CHECK(log.store->latest("a").value()->version == taken);
    CHECK(log.log->disk() == disk_state::ample);
    log.write(log.next(3, "a", taken + 1));
  }
  CHECK(::umount2(path.c_str(), MNT_DETACH) == 0);
}

} // namespace varve::log
