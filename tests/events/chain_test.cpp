#include <catch2/catch.hpp>

#include "tests/events/sample_records.hpp"

namespace varve::log {

using namespace samples;

namespace {

// A chain of `begun` epochs, so far without anything else.
struct begun_chain {
  chain reader{5};
  chain_head before_epoch;

  begun_chain() {
    auto created = sealed(log_created("log a", 5, epoch_2026));
    REQUIRE(reader.take(*created).value());
    begin_epoch();
  }
  void begin_epoch() {
    before_epoch = reader.head();
    auto begun = sealed(epoch_started(before_epoch, 5, "n", "", epoch_2026));
    REQUIRE(reader.take(*begun).value());
  }
  record_ptr next() const {
    return label_record(reader.head(), 5, "sandbox", 1);
  }
  void take_next() {
    REQUIRE(reader.take(*next()).value());
  }
  errc refusal(const record& r) {
    auto before = reader.head();
    auto taken = reader.take(r);
    REQUIRE(!taken);
    CHECK(reader.head() == before);
    return taken.error().code;
  }
  void check_void(const record& r) {
    auto before = reader.head();
    auto taken = reader.take(r);
    REQUIRE(taken);
    CHECK(!taken.value());
    CHECK(reader.head() == before);
  }
};

} // namespace

TEST_CASE("records that name the head count one after the other") {
  begun_chain c;
  for (int i = 0; i < 3; ++i)
    c.take_next();
  CHECK(c.reader.head().next_index == 5);
  CHECK(c.reader.head().epoch == 1);
}

TEST_CASE("a copy of a record that counts is void") {
  begun_chain c;
  auto r = c.next();
  REQUIRE(c.reader.take(*r).value());
  c.check_void(*r);
  c.take_next();
  c.check_void(*r);
}

TEST_CASE("of two records on one head the first counts, the second is void") {
  begun_chain c;
  auto first = sealed(epoch_started(c.reader.head(), 5, "a", "", epoch_2026));
  auto second = sealed(epoch_started(c.reader.head(), 5, "b", "", epoch_2026));
  REQUIRE(c.reader.take(*first).value());
  c.check_void(*second);
}

TEST_CASE("a late record of an older epoch is void at any index") {
  begun_chain c;
  auto old_head = c.reader.head();
  auto late = label_record(old_head, 5, "sandbox", 1);
  auto later = label_record(head_after(*late), 5, "sandbox", 2);
  auto latest = label_record(head_after(*later), 5, "sandbox", 3);
  c.begin_epoch();
  c.check_void(*late);
  c.check_void(*later);
  c.check_void(*latest);
}

TEST_CASE("a record whose predecessor was lost is void") {
  begun_chain c;
  auto lost = c.next();
  auto orphan = label_record(head_after(*lost), 5, "sandbox", 2);
  c.check_void(*orphan);
}

TEST_CASE("a lost race to begin an epoch is void") {
  begun_chain c;
  auto late = sealed(epoch_started(c.reader.head(), 5, "b", "", epoch_2026));
  c.take_next();
  c.check_void(*late);
}

TEST_CASE("another record at the next index of the same epoch is divergence") {
  begun_chain c;
  auto other_head = c.reader.head();
  other_head.hash[0] ^= 1;
  CHECK(c.refusal(*label_record(other_head, 5, "sandbox", 1))
        == errc::log_diverged);
}

TEST_CASE("a record of an epoch that never began here is divergence") {
  begun_chain c;
  c.take_next();
  auto begun = sealed(epoch_started(c.before_epoch, 5, "b", "", epoch_2026));
  auto head = head_after(*begun);
  head.epoch = 2;
  SECTION("below the head") {
    head.next_index = 1;
    CHECK(c.refusal(*label_record(head, 5, "s", 1)) == errc::log_diverged);
  }
  SECTION("above the head") {
    head.next_index = 9;
    CHECK(c.refusal(*label_record(head, 5, "s", 1)) == errc::log_diverged);
    CHECK(c.refusal(*sealed(epoch_started(head, 5, "b", "", epoch_2026)))
          == errc::log_diverged);
  }
}

TEST_CASE("a record that names the head and breaks a rule is corruption") {
  begun_chain c;
  auto content = bare_record(c.reader.head(), 5);
  content.entries.push_back(label_entry("sandbox", 1));
  SECTION("another index") {
    content.index += 1;
  }
  SECTION("an older epoch") {
    content.epoch -= 1;
  }
  SECTION("a time before the head's") {
    content.time -= 1;
  }
  SECTION("another partition") {
    content.partition = 6;
  }
  CHECK(c.refusal(*sealed(content)) == errc::log_corrupt);
}

TEST_CASE("an altered record stops the reader and is named") {
  begun_chain c;
  auto frame = copy_frame(*c.next());
  frame[50] ^= std::byte{1};
  auto taken = c.reader.take(std::move(frame));
  REQUIRE(!taken);
  CHECK(taken.error().code == errc::log_corrupt);
  CHECK(taken.error().detail.find("partition 5, index 2") != std::string::npos);
}

TEST_CASE("a log of another make or name is refused at its first record") {
  chain reader{5, {}, "log a"};
  auto check = [&](const schema::RecordT& content) {
    auto taken = reader.take(*sealed(content));
    REQUIRE(!taken);
    CHECK(taken.error().code == errc::log_diverged);
  };
  SECTION("another log id") {
    check(log_created("log b", 5, epoch_2026));
  }
  SECTION("another number of partitions") {
    auto content = log_created("log a", 5, epoch_2026);
    content.entries[0]->event.AsLogCreated()->partitions = 32;
    check(content);
  }
  SECTION("no LogCreated") {
    auto content = bare_record({}, 5);
    content.entries.push_back(label_entry("sandbox", 1));
    check(content);
  }
  SECTION("a beginning that is cut off") {
    auto created = sealed(log_created("log a", 5, epoch_2026));
    auto content = bare_record(head_after(*created), 5);
    content.entries.push_back(label_entry("sandbox", 1));
    check(content);
  }
}

} // namespace varve::log
