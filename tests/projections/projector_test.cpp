// How the read models keep up with the log.
#include "tests/projections/projector_fixture.hpp"

#include <mutex>

#include "projections/generation.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

namespace {

class history_fixture : public projector_fixture {
 public:
  bool shows(std::string_view id) {
    auto found = ask().sandbox("org", id);
    return found && found.value();
  }
  log::record_ptr unseen(const std::string& id) {
    return write.sandbox("org", id, created({.name = "name of " + id}));
  }
};

} // namespace

TEST_CASE_METHOD(history_fixture, "what was not published is read at open") {
  unseen("s1");
  write.sandbox("org", "s1", schema::SandboxStartedT{});
  CHECK_FALSE(shows("s1"));
  restart();
  CHECK(subject->head_reached());
  CHECK(ask().sandbox("org", "s1").value()->state == sandbox_state::started);
}

TEST_CASE_METHOD(history_fixture, "a gap is read from the store") {
  unseen("s1");
  unseen("s2");
  show(unseen("s3"));
  CHECK(shows("s1"));
  CHECK(shows("s2"));
  CHECK(shows("s3"));
}

TEST_CASE_METHOD(history_fixture, "records published twice count once") {
  auto first = unseen("s1");
  auto second = write.sandbox("org", "s1", schema::SandboxStartedT{});
  std::vector<log::record_ptr> all{second, first, second, first};
  subject->publish(all);
  REQUIRE(is_applied(ask(), second->at()));
  CHECK(ask().sandbox("org", "s1").value()->version == 2);
}

TEST_CASE_METHOD(history_fixture, "more than the queue holds is not lost") {
  std::vector<log::record_ptr> all;
  for (int i = 0; i < 20'000; ++i)
    all.push_back(unseen("s" + std::to_string(i)));
  subject->publish(all);
  REQUIRE(is_applied(ask(), all.back()->at()));
  CHECK(shows("s0"));
  CHECK(shows("s19999"));
}

TEST_CASE_METHOD(history_fixture, "an applied position is the next index") {
  auto p = log::partition_of("org");
  CHECK(ask().applied(p) == 1); // LogCreated
  show(unseen("s1"));
  CHECK(ask().applied(p) == 2);
  CHECK(ask().applied(log::partition_count) == 0);
}

TEST_CASE_METHOD(history_fixture, "a poisoned record stops one alone") {
  show(unseen("s1"));
  // A stream that begins with anything but SandboxCreated is impossible.
  auto poison = write.sandbox("org", "s2", schema::SandboxStartedT{});
  show(poison);
  schema::OrganizationCreatedT event;
  event.name = "Default";
  event.default_region = "local";
  event.quota = std::make_unique<schema::QuotaT>();
  show(write.organization("org", event));

  auto refused = ask().sandbox("org", "s1");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::store_failed);
  auto where = "record " + std::to_string(poison->at().index) + " of partition "
               + std::to_string(poison->at().partition);
  CHECK(refused.error().detail.find(where) != std::string::npos);
  CHECK(refused.error().detail.find("sandboxes") != std::string::npos);
  CHECK_FALSE(ask().sandboxes("org", {}, "", 10));
  CHECK_FALSE(ask().sandboxes_on("runner-1"));
  CHECK(ask().organization("org").value()->name == "Default");
  CHECK(ask().snapshots("org"));

  restart(); // meets it again
  CHECK_FALSE(ask().sandbox("org", "s1"));
  CHECK(ask().organization("org").value()->name == "Default");
  auto rebuilt = subject->rebuild();
  REQUIRE_FALSE(rebuilt);
  CHECK(rebuilt.error().detail.find(where) != std::string::npos);
  CHECK(ask().organization("org").value()->name == "Default");
}

TEST_CASE_METHOD(history_fixture, "a rebuilt model equals the one before") {
  for (int i = 0; i < 300; ++i)
    publish(unseen("s" + std::to_string(i)));
  await_head(*store, *subject);
  auto before = dump();
  CHECK(before.size() > 300);
  REQUIRE(subject->rebuild());
  CHECK(difference(dump(), before) == "");
  show(unseen("later"));
  CHECK(shows("later"));
  restart();
  CHECK(shows("later"));
  CHECK(shows("s299"));
}

TEST_CASE_METHOD(history_fixture, "a rebuild finds what publishing missed") {
  unseen("s1");
  REQUIRE(subject->rebuild());
  CHECK(shows("s1"));
}

TEST_CASE_METHOD(history_fixture, "only the rows that serve are kept") {
  show(unseen("s1"));
  auto count = [this] {
    auto* family = store->family("projections").value();
    std::unique_ptr<rocksdb::Iterator> it{
        store->database().NewIterator({}, family)};
    std::size_t rows = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next())
      ++rows;
    return rows;
  };
  await_head(*store, *subject);
  restart();
  auto before = count();
  for (int i = 0; i < 3; ++i)
    REQUIRE(subject->rebuild());
  restart();
  CHECK(count() == before);
}

TEST_CASE_METHOD(history_fixture, "models of another log are built anew") {
  show(unseen("s1"));
  subject.reset();
  // The same rows beside a log that never held these records.
  auto* family = store->family("projections").value();
  std::vector<std::pair<std::string, std::string>> kept;
  {
    std::unique_ptr<rocksdb::Iterator> it{
        store->database().NewIterator({}, family)};
    for (it->SeekToFirst(); it->Valid(); it->Next())
      kept.emplace_back(it->key().ToString(), it->value().ToString());
  }
  auto other = open_store({.path = "/other", .env = env.get()});
  auto* copy = other->family("projections").value();
  for (const auto& [key, value] : kept)
    REQUIRE(other->database().Put({}, copy, key, value).ok());
  auto moved = open_projector(*other);
  await_head(*other, *moved);
  CHECK_FALSE(moved->answers().sandbox("org", "s1").value());
}

TEST_CASE_METHOD(history_fixture, "rows of another format are built anew") {
  show(unseen("s1"));
  auto before = dump();
  subject.reset();
  database base{store->database(), *store->family("projections").value()};
  area pointers{base, 0, 'g'};
  rocksdb::WriteBatch batch;
  pointers.put(batch, "serving", std::string{"\x7f\x01", 2});
  REQUIRE(base.write(batch));
  restart();
  CHECK(difference(dump(), before) == "");
}

TEST_CASE_METHOD(history_fixture, "damaged rows are store_failed, not lies") {
  show(unseen("s1"));
  database base{store->database(), *store->family("projections").value()};
  auto number = serving_generation(base).value().number;
  area rows{base, number, 's'};
  rocksdb::WriteBatch batch;
  rows.put(batch, "rs1", "\xff\xff");
  REQUIRE(base.write(batch));
  auto found = ask().sandbox("org", "s1");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == errc::store_failed);
}

TEST_CASE("read models are not built anew on a disk that fills up") {
  std::unique_ptr<rocksdb::Env> env{
      rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::uint64_t left = std::uint64_t{8} << 30;
  log::store_options where;
  where.path = "/store";
  where.env = env.get();
  where.free_bytes = [&left] { return result<std::uint64_t>{left}; };
  auto store = open_store(where);
  auto subject = open_projector(*store);
  await_head(*store, *subject);
  CHECK(subject->rebuild());
  left = std::uint64_t{512} << 20;
  auto refused = subject->rebuild();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::log_full);
  CHECK(subject->answers().organizations());
}

TEST_CASE_METHOD(history_fixture, "who watches hears of each change of state "
                                  "once, in order and when it shows") {
  std::mutex mutex;
  std::vector<std::string> heard;
  bool was_shown = true;
  auto told = [&] {
    std::lock_guard lock{mutex};
    return heard;
  };
  show(unseen("before"));
  ask().watch_changes([&](const std::vector<sandbox_change>& changes) {
    std::lock_guard lock{mutex};
    for (const auto& c : changes) {
      heard.push_back(c.now.id + " "
                      + (c.was ? std::string{name_of(*c.was)} : "none") + " "
                      + std::string{name_of(c.now.state)});
      was_shown =
          was_shown && ask().applied(c.now.at.partition) > c.now.at.index;
    }
  });
  std::vector<log::record_ptr> all{unseen("s1")};
  all.push_back(write.sandbox("org", "s1", schema::SandboxStartedT{}));
  all.push_back(write.sandbox("org", "s1", schema::SandboxLabelsReplacedT{}));
  all.push_back(write.sandbox("org", "s1", schema::SandboxStopRequestedT{}));
  subject->publish(all);
  REQUIRE(is_applied(ask(), all.back()->at()));
  std::vector<std::string> expected{"s1 none creating", "s1 creating started",
                                    "s1 started stopping"};
  // Whoever waits for a position may be told first.
  REQUIRE(subject->rebuild());
  sandbox("s1", schema::SandboxDestroyRequestedT{});
  REQUIRE(subject->rebuild());
  expected.push_back("s1 stopping destroying");
  CHECK(told() == expected);
  CHECK(was_shown);
  ask().watch_changes({});
  sandbox("before", schema::SandboxStartedT{});
  REQUIRE(subject->rebuild());
  CHECK(told() == expected);
}
