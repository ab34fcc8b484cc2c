#include <catch2/catch.hpp>

#include "events/topic_copy.hpp"
#include "tests/events/sample_records.hpp"

namespace varve::log {

using namespace samples;

namespace {

struct begun_copy {
  topic_copy copy{5};
  begun_copy() {
    auto created = sealed(log_created("log a", 5, epoch_2026));
    REQUIRE(copy.take(0, copy_frame(*created)));
  }
  record_ptr next() const {
    return label_record(copy.head(), 5, "a", 1);
  }
};

} // namespace

TEST_CASE("frames below the next offset are passed over") {
  begun_copy c;
  auto r = c.next();
  REQUIRE(c.copy.take(7, copy_frame(*r)).value());
  CHECK(c.copy.next_offset() == 8);
  CHECK(c.copy.offset_of(1) == 7);
  CHECK(!c.copy.take(7, copy_frame(*r)).value());
  CHECK(!c.copy.take(3, std::vector<std::byte>(50)).value());
  CHECK(c.copy.head().next_index == 2);
}

TEST_CASE("a record acknowledged at a place that holds another is divergence") {
  begun_copy c;
  auto r = c.next();
  REQUIRE(c.copy.take(1, r).value());
  SECTION("the same") {
    CHECK(c.copy.take(1, copy_frame(*r)));
    CHECK(!c.copy.fault());
  }
  SECTION("another") {
    auto other = label_record(c.copy.head(), 5, "b", 1);
    auto taken = c.copy.take(1, copy_frame(*other));
    REQUIRE(!taken);
    CHECK(taken.error().code == errc::log_diverged);
    CHECK(!c.copy.take(2, c.next()));
  }
}

TEST_CASE("an awaited record is dead only when another one takes its place") {
  begun_copy c;
  auto mine = c.next();
  auto after = label_record(head_after(*mine), 5, "a", 2);
  c.copy.await(*mine);
  c.copy.await(*after);
  CHECK(c.copy.fate_of(*mine) == topic_copy::fate::unknown);
  // A void copy of the second proves nothing.
  REQUIRE(c.copy.take(1, copy_frame(*after)));
  CHECK(c.copy.fate_of(*after) == topic_copy::fate::unknown);
  SECTION("it counts") {
    REQUIRE(c.copy.take(2, copy_frame(*mine)).value());
    CHECK(c.copy.fate_of(*mine) == topic_copy::fate::counts);
    CHECK(c.copy.fate_of(*after) == topic_copy::fate::unknown);
    REQUIRE(c.copy.take(3, copy_frame(*after)).value());
    CHECK(c.copy.fate_of(*after) == topic_copy::fate::counts);
  }
  SECTION("another one counts") {
    auto other = sealed(epoch_started(c.copy.head(), 5, "n", "", 0));
    REQUIRE(c.copy.take(2, copy_frame(*other)).value());
    CHECK(c.copy.fate_of(*mine) == topic_copy::fate::dead);
    CHECK(c.copy.fate_of(*after) == topic_copy::fate::dead);
  }
  c.copy.forget_awaited();
  CHECK(c.copy.fate_of(*mine) == topic_copy::fate::unknown);
}

TEST_CASE("a topic that lost its beginning or end is refused") {
  begun_copy c;
  auto last = c.copy.head().hash;
  auto view = [&](std::int64_t begin, std::int64_t end) {
    return topic_copy::topic_view{
        begin, end, [&](std::int64_t) { return result<digest>{last}; }};
  };
  CHECK(c.copy.compare(view(0, 1)));
  SECTION("beginning") {
    CHECK(c.copy.compare(view(1, 5)).error().code == errc::log_diverged);
  }
  SECTION("end") {
    CHECK(c.copy.compare(view(0, 0)).error().code == errc::log_diverged);
  }
  SECTION("other bytes") {
    last[0] ^= 1;
    CHECK(c.copy.compare(view(0, 1)).error().code == errc::log_diverged);
  }
  CHECK(c.copy.fault());
}

} // namespace varve::log
