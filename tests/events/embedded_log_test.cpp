#include <catch2/catch.hpp>

#include <thread>

#include "tests/events/failing_env.hpp"
#include "tests/events/store_fixture.hpp"

namespace varve::log {

using namespace samples;
using namespace std::chrono_literals;

TEST_CASE("a commit that fails is doubt until the log is opened again") {
  failing_env env;
  store_options options;
  options.path = "/store";
  options.env = &env;
  {
    open_log log{options};
    log.write(log.next(3, "a", 1));
    std::vector<record_ptr> batch{log.next(3, "a", 2)};
    env.fails = true;
    auto failed = log.log->append(batch);
    REQUIRE(!failed);
    CHECK(failed.error().code == errc::log_doubt);
    env.fails = false;
    auto again = log.log->append(batch);
    REQUIRE(!again);
    CHECK(again.error().code == errc::log_doubt);
    // Not known to count, so not served.
    CHECK(log.head(3).next_index == 2);
    CHECK(log.log->read(3, 0, 9).value().size() == 2);
  }
  open_log log{options};
  auto head = log.head(3);
  auto begun = epoch_started(head, 3, "n", "", epoch_2026);
  log.write(sealed(begun));
  CHECK(log.head(3).epoch == 1);
}

TEST_CASE("the tail wakes up when something is committed") {
  memory_store memory;
  open_log log{memory.options()};
  auto r = log.next(3, "a", 1);
  std::jthread writer{[&] {
    std::vector<record_ptr> batch{r};
    CHECK(log.log->append(batch));
  }};
  auto found = log.log->tail(10s).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0]->hash() == r->hash());
}

TEST_CASE("readers on other threads see whole commits only") {
  memory_store memory;
  open_log log{memory.options()};
  constexpr std::uint64_t commits = 200;
  std::jthread writer{[&] {
    for (std::uint64_t v = 1; v <= commits; ++v) {
      auto head = log.head(3);
      auto first = label_record(head, 3, "a", 2 * v - 1);
      auto second = label_record(head_after(*first), 3, "a", 2 * v);
      std::vector<record_ptr> batch{first, second};
      if (!log.log->append(batch))
        return;
    }
  }};
  std::uint64_t seen = 0;
  while (seen < 1 + 2 * commits) {
    auto head = log.store->head(3).value();
    REQUIRE(head.next_index % 2 == 1);
    auto records = log.store->read(3, seen, 4096).value();
    for (const auto& r : records)
      REQUIRE(r->at().index == seen++);
    auto latest = log.store->latest("a").value();
    REQUIRE((!latest || latest->version % 2 == 0));
  }
}

TEST_CASE("a store that holds half a log is refused") {
  memory_store memory;
  auto options = memory.options();
  {
    auto store = local_store::open(options).value();
    auto first = sealed(log_created("some log", 5, epoch_2026));
    std::vector<record_ptr> batch{first};
    REQUIRE(store->put(batch, true));
  }
  auto store = local_store::open(options).value();
  auto opened = embedded_log::open(*store, fixed_clock{});
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::log_corrupt);
}

} // namespace varve::log
