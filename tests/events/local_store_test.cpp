#include <catch2/catch.hpp>

#include <rocksdb/db.h>

#include "tests/events/store_fixture.hpp"

namespace varve::log {

using namespace samples;

namespace {

errc refusal(open_log& log, std::vector<record_ptr> batch) {
  auto done = log.log->append(batch);
  REQUIRE(!done);
  return done.error().code;
}

} // namespace

TEST_CASE("a new log begins every partition with its id") {
  memory_store memory;
  std::string id;
  {
    open_log log{memory.options()};
    id = log.log->log_id();
    CHECK(is_uuid(id));
    for (std::uint16_t p = 0; p < partition_count; ++p) {
      auto first = log.log->read(p, 0, 10).value();
      REQUIRE(first.size() == 1);
      const auto* created =
          first[0]->view().entries()->Get(0)->event_as_LogCreated();
      REQUIRE(created);
      CHECK(created->log_id()->str() == id);
      CHECK(created->partition() == p);
      CHECK(log.store->latest(log_stream(p)).value()->version == 1);
    }
  }
  open_log again{memory.options()};
  CHECK(again.log->log_id() == id);
  CHECK(again.head(9).next_index == 1);
}

TEST_CASE("a stream reads back in order across a restart") {
  memory_store memory;
  {
    open_log log{memory.options()};
    for (std::uint64_t v = 1; v <= 5; ++v) {
      log.write(log.next(3, "a", v));
      log.write(log.next(3, "ab", v));
    }
  }
  open_log log{memory.options()};
  auto stream = log.store->read_stream("a", 3, 100).value();
  REQUIRE(stream.size() == 3);
  CHECK(stream[0]->view().entries()->Get(0)->version() == 3);
  CHECK(stream[2]->view().entries()->Get(0)->version() == 5);
  CHECK(log.store->read_stream("a", 1, 2).value().size() == 2);
  CHECK(log.store->read_stream("b", 1, 2).value().empty());
  CHECK(log.store->read(3, 4, 3).value().size() == 3);
  CHECK(log.store->read(3, 11, 3).value().empty());
}

TEST_CASE("a record of several entries appears once in a stream") {
  memory_store memory;
  open_log log{memory.options()};
  auto content = bare_record(log.head(1), 1);
  content.organization_id = "org";
  content.entries.push_back(label_entry("a", 1));
  content.entries.push_back(
      label_entry("b", 1, "x", {.organization_version = 1}));
  content.entries.push_back(label_entry("a", 2));
  log.write(sealed(content));
  CHECK(log.store->read_stream("a", 1, 9).value().size() == 1);
  CHECK(log.store->read_stream("b", 1, 9).value().size() == 1);
  CHECK(log.store->read_stream("org", 1, 9).value().size() == 1);
  auto org = log.store->latest("org").value();
  REQUIRE(org);
  CHECK(org->version == 1);
  CHECK(org->aggregate == schema::AggregateType::Organization);
  CHECK(log.store->latest("a").value()->version == 2);
}

TEST_CASE("what does not name the head is refused and nothing is written") {
  memory_store memory;
  open_log log{memory.options()};
  auto stale = log.next(3, "a", 1);
  log.write(log.next(3, "b", 1));
  auto fresh = log.next(4, "c", 1);
  CHECK(refusal(log, {fresh, stale}) == errc::log_void);
  CHECK(log.head(4).next_index == 1);
  CHECK(!log.store->latest("c").value());
  log.write(fresh);
}

TEST_CASE("a gap in a stream stops its partition and no other") {
  memory_store memory;
  open_log log{memory.options()};
  CHECK(refusal(log, {log.next(3, "a", 2)}) == errc::log_corrupt);
  CHECK(log.head(3).next_index == 1);
  CHECK(refusal(log, {log.next(3, "b", 1)}) == errc::log_corrupt);
  log.write(log.next(4, "b", 1));
}

TEST_CASE("a batch may lengthen one stream several times") {
  memory_store memory;
  open_log log{memory.options()};
  auto head = log.head(3);
  std::vector<record_ptr> batch;
  for (std::uint64_t v = 1; v <= 10; ++v) {
    batch.push_back(label_record(head, 3, "a", v, "x",
                                 {.deadline = 100 + v, .owes = v % 2 == 0}));
    head = head_after(*batch.back());
  }
  REQUIRE(log.log->append(batch));
  CHECK(log.head(3) == head);
  CHECK(log.store->latest("a").value()->version == 10);
  auto due = log.store->due(1000, 10).value();
  REQUIRE(due.size() == 1);
  CHECK(due[0].due == 110);
  CHECK(due[0].version == 10);
  CHECK(log.store->outstanding().value().size() == 1);
}

TEST_CASE("deadlines are found soonest first and moved by the next event") {
  memory_store memory;
  open_log log{memory.options()};
  CHECK(!log.store->next_due().value());
  log.write(log.next(3, "late", 1, {.deadline = 3000}));
  log.write(log.next(3, "soon", 1, {.deadline = 1000}));
  log.write(log.next(3, "mid", 1, {.deadline = 2000}));
  CHECK(log.store->next_due().value() == 1000);
  auto due = log.store->due(2000, 10).value();
  REQUIRE(due.size() == 2);
  CHECK(due[0].id == "soon");
  CHECK(due[1].id == "mid");
  CHECK(log.store->due(2000, 1).value().size() == 1);
  log.write(log.next(3, "soon", 2, {.deadline = 4000}));
  log.write(log.next(3, "mid", 2));
  due = log.store->due(9000, 10).value();
  REQUIRE(due.size() == 2);
  CHECK(due[0].id == "late");
  CHECK(due[1].id == "soon");
  CHECK(due[1].version == 2);
}

TEST_CASE("an owed operation is outstanding until an event settles it") {
  memory_store memory;
  open_log log{memory.options()};
  log.write(log.next(3, "a", 1, {.owes = true}));
  log.write(log.next(3, "b", 1, {.owes = true}));
  log.write(log.next(3, "a", 2));
  auto owing = log.store->outstanding().value();
  REQUIRE(owing.size() == 1);
  CHECK(owing[0].id == "b");
  CHECK(owing[0].aggregate == schema::AggregateType::Sandbox);
}

TEST_CASE("an organization keeps its own deadline when it takes in others") {
  memory_store memory;
  open_log log{memory.options()};
  auto own = bare_record(log.head(3), 3);
  own.organization_id = "org";
  own.entries.push_back(
      label_entry("org", 1, "x",
                  {.aggregate = schema::AggregateType::Organization,
                   .organization_version = 1,
                   .deadline = 500,
                   .owes = true}));
  log.write(sealed(own));
  log.write(log.next(3, "a", 1, {.organization_version = 2}));
  auto org = log.store->latest("org").value();
  CHECK(org->version == 2);
  CHECK(org->deadline == 500);
  CHECK(log.store->outstanding().value().size() == 1);
}

TEST_CASE("a command is known for a day by the log's own time") {
  memory_store memory;
  open_log log{memory.options()};
  auto write = [&](std::string command, std::uint64_t version, timestamp now) {
    auto content = bare_record(log.head(3), 3, now);
    content.organization_id = "org";
    content.command_id = std::move(command);
    content.entries.push_back(label_entry("a", version));
    log.write(sealed(content));
  };
  constexpr timestamp hour = 3600 * 1000;
  write("first", 1, epoch_2026);
  write("second", 2, epoch_2026 + 23 * hour);
  CHECK(log.store->command("org", "first").value() == position{3, 1});
  CHECK(!log.store->command("other", "first").value());
  write("third", 3, epoch_2026 + 25 * hour);
  CHECK(!log.store->command("org", "first").value());
  CHECK(log.store->command("org", "second").value() == position{3, 2});
}

TEST_CASE("a checkpoint is the newest that was saved") {
  memory_store memory;
  open_log log{memory.options()};
  CHECK(!log.store->checkpoint("a").value());
  REQUIRE(log.store->put_checkpoint("a", {256, 1, {std::byte{7}}}));
  REQUIRE(log.store->put_checkpoint("a", {512, 2, {std::byte{9}}}));
  auto saved = log.store->checkpoint("a").value();
  REQUIRE(saved);
  CHECK(saved->version == 512);
  CHECK(saved->fold_version == 2);
  CHECK(saved->state == std::vector{std::byte{9}});
}

TEST_CASE("families of others live on across a restart") {
  memory_store memory;
  {
    open_log log{memory.options()};
    auto* family = log.store->family("projection").value();
    REQUIRE(log.store->database().Put({}, family, "k", "v").ok());
    CHECK(log.store->family("projection").value() == family);
    CHECK(!log.store->family("records"));
  }
  open_log log{memory.options()};
  std::string value;
  auto* family = log.store->family("projection").value();
  REQUIRE(log.store->database().Get({}, family, "k", &value).ok());
  CHECK(value == "v");
}

TEST_CASE("the tail hands out what was committed since it was opened") {
  memory_store memory;
  open_log log{memory.options()};
  using namespace std::chrono_literals;
  CHECK(log.log->tail(0ms).value().empty());
  log.write(log.next(3, "a", 1));
  log.write(log.next(4, "b", 1));
  auto found = log.log->tail(1s).value();
  REQUIRE(found.size() == 2);
  CHECK(found[0]->at() == position{3, 1});
  CHECK(log.log->tail(0ms).value().empty());
}

TEST_CASE("a copy taken while it serves opens as the same log") {
  scratch_directory scratch;
  std::string id;
  {
    open_log log{{.path = scratch.path() + "/store"}};
    id = log.log->log_id();
    log.write(log.next(3, "a", 1));
    REQUIRE(log.store->copy_to(scratch.path() + "/copy"));
    log.write(log.next(3, "a", 2));
    CHECK(!log.store->copy_to(scratch.path() + "/copy"));
  }
  open_log copy{{.path = scratch.path() + "/copy"}};
  CHECK(copy.log->log_id() == id);
  CHECK(copy.store->latest("a").value()->version == 1);
}

TEST_CASE("a store is looked at beside the process that writes it") {
  scratch_directory scratch;
  open_log log{{.path = scratch.path() + "/log"}};
  log.write(log.next(3, "a", 1));
  auto look =
      local_store::open({.path = scratch.path() + "/log", .read_only = true});
  REQUIRE(look);
  CHECK(look.value()->read_stream("a", 1, 10).value().size() == 1);
  log.write(log.next(3, "a", 2));
  CHECK(look.value()->read_stream("a", 1, 10).value().size() == 1);
  std::vector<record_ptr> more{log.next(3, "a", 3)};
  CHECK(!look.value()->put(more, true));
  CHECK(log.store->read_stream("a", 1, 10).value().size() == 2);
}

} // namespace varve::log
