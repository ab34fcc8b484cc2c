// The committer on the real store in memory, without actors.
#include <catch2/catch.hpp>

#include <rocksdb/env.h>

#include "actors/host/committer.hpp"
#include "events/embedded_log.hpp"
#include "tests/actors/gate_log.hpp"
#include "tests/actors/given.hpp"

using namespace varve;
using host::committer;
using host::proposal;

namespace {

struct still_clock final : clock {
  timestamp now() const noexcept override {
    return time;
  }
  timestamp time = given::start_time;
};

struct desk {
  // Never destroyed: the store's block cache keeps the clock of the first
  // environment it was used with.
  static rocksdb::Env* env() {
    static auto* const kept = rocksdb::NewMemEnv(rocksdb::Env::Default());
    return kept;
  }
  static std::string fresh_path() {
    static unsigned count = 0;
    return "/desk-" + std::to_string(++count);
  }
  still_clock time;
  std::unique_ptr<log::local_store> store;
  std::unique_ptr<log::embedded_log> inner;
  std::unique_ptr<gate_log> log;
  std::unique_ptr<committer> commits;

  desk() {
    log::store_options options;
    options.path = fresh_path();
    options.env = env();
    store = log::local_store::open(std::move(options)).value();
    inner = log::embedded_log::open(*store, time).value();
    log = std::make_unique<gate_log>(*inner);
    commits = another();
    REQUIRE(commits->begin_epoch());
  }

  std::unique_ptr<committer> another() {
    return std::make_unique<committer>(*log, *store, time, "node-1", "");
  }

  proposal labels(const std::string& id, std::uint64_t version,
                  std::string command = {}) const {
    proposal p;
    p.organization_id = "org-1";
    p.principal = "key:x";
    p.command_id = command;
    p.may_be_known = !command.empty();
    p.cause = schema::Cause::User;
    p.entries.push_back(make_entry(schema::AggregateType::Sandbox, id,
                                   schema::SandboxLabelsReplacedT{}));
    p.term = commits->term();
    p.stream = id;
    p.version = version;
    return p;
  }

  template <class Event>
  proposal event(const std::string& id, std::uint64_t version, Event what,
                 std::uint64_t admission_term = 0) const {
    auto p = labels(id, version);
    p.entries[0]->event.Set(std::move(what));
    p.admission_term = admission_term;
    return p;
  }

  std::vector<host::verdict> commit(std::vector<proposal> all) {
    std::vector<proposal*> pointers;
    for (auto& p : all)
      pointers.push_back(&p);
    return commits->commit(pointers);
  }

  host::verdict commit_one(proposal p) {
    std::vector<proposal> all;
    all.push_back(std::move(p));
    auto out = commit(std::move(all));
    REQUIRE(out.size() == 1);
    return std::move(out[0]);
  }
};

std::uint64_t version_in(const host::verdict& v) {
  REQUIRE(v.outcome);
  return v.outcome.value()->view().entries()->Get(0)->version();
}

errc code_of(const host::verdict& v) {
  REQUIRE(!v.outcome);
  return v.outcome.error().code;
}

} // namespace

TEST_CASE("every epoch follows the one before it in every partition") {
  desk d;
  for (std::uint16_t p = 0; p < log::partition_count; ++p)
    REQUIRE(d.log->head(p).value().epoch == 1);
  auto second = d.another();
  REQUIRE(second->begin_epoch());
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    REQUIRE(d.log->head(p).value().epoch == 2);
    REQUIRE(second->epoch_of(p) == 2);
  }
}

TEST_CASE("many proposals are one append, and each gets its version") {
  desk d;
  std::vector<proposal> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(d.labels("sb-" + std::to_string(i), 0));
  d.log->batches.clear();
  auto verdicts = d.commit(std::move(all));
  CHECK(d.log->batches == std::vector<std::size_t>{10});
  for (const auto& v : verdicts)
    CHECK(version_in(v) == 1);
}

TEST_CASE("a proposal decided on another version is refused before it is "
          "written") {
  desk d;
  CHECK(version_in(d.commit_one(d.labels("sb-1", 0))) == 1);
  CHECK(code_of(d.commit_one(d.labels("sb-1", 0))) == errc::version_conflict);
  CHECK(code_of(d.commit_one(d.labels("sb-1", 5))) == errc::version_conflict);
  CHECK(version_in(d.commit_one(d.labels("sb-1", 1))) == 2);

  SECTION("also by a committer that reads the version from the store") {
    d.commits = d.another();
    REQUIRE(d.commits->begin_epoch());
    CHECK(code_of(d.commit_one(d.labels("sb-1", 1))) == errc::version_conflict);
    CHECK(version_in(d.commit_one(d.labels("sb-1", 2))) == 3);
  }
  SECTION("also within one group") {
    std::vector<proposal> all;
    all.push_back(d.labels("sb-1", 2));
    all.push_back(d.labels("sb-1", 2));
    auto verdicts = d.commit(std::move(all));
    CHECK(version_in(verdicts[0]) == 3);
    CHECK(code_of(verdicts[1]) == errc::version_conflict);
  }
}

TEST_CASE("a proposal of an earlier term is refused") {
  desk d;
  auto old = d.labels("sb-1", 0);
  REQUIRE(d.commits->begin_epoch());
  CHECK(code_of(d.commit_one(std::move(old))) == errc::version_conflict);
}

TEST_CASE("only the organization's present actor admits") {
  desk d;
  schema::SandboxStartRequestedT start;
  CHECK(code_of(d.commit_one(d.event("sb-1", 0, start, 7)))
        == errc::version_conflict);
  d.commits->admit_only("org-1", 7);
  CHECK(version_in(d.commit_one(d.event("sb-1", 0, start, 7))) == 1);
  d.commits->admit_only("org-1", 8);
  CHECK(code_of(d.commit_one(d.event("sb-1", 1, start, 7)))
        == errc::version_conflict);
  // What gives back needs no admission.
  auto v = d.commit_one(d.event("sb-1", 1, schema::SandboxStoppedT{}));
  CHECK(version_in(v) == 2);
  CHECK(v.outcome.value()->view().entries()->Get(0)->organization_version()
        == 2);
}

TEST_CASE("a known command id is answered with its record, not written again") {
  desk d;
  auto first = d.commit_one(d.labels("sb-1", 0, "command-1"));
  auto again = d.commit_one(d.labels("sb-1", 1, "command-1"));
  REQUIRE(again.outcome);
  CHECK(again.known);
  CHECK(again.outcome.value()->hash() == first.outcome.value()->hash());
  CHECK(d.store->latest("sb-1").value()->version == 1);
}

TEST_CASE("a known command id of another request is refused") {
  desk d;
  auto with = [&](std::uint64_t version, std::uint8_t request) {
    auto p = d.labels("sb-1", version, "command-1");
    p.request = log::digest{request};
    return p;
  };
  REQUIRE(d.commit_one(with(0, 1)).outcome);
  CHECK(d.commit_one(with(1, 1)).known);
  auto other = d.commit_one(with(1, 2));
  REQUIRE_FALSE(other.outcome);
  CHECK(other.outcome.error().code == errc::reused);
  // Nothing is known of what asks without saying what it asks.
  CHECK(d.commit_one(d.labels("sb-1", 1, "command-1")).known);
  CHECK(d.store->latest("sb-1").value()->version == 1);
}

TEST_CASE("time never runs backwards in the log") {
  desk d;
  auto first = d.commit_one(d.labels("sb-1", 0)).outcome.value();
  d.time.time -= 60'000;
  auto second = d.commit_one(d.labels("sb-1", 1)).outcome.value();
  CHECK(second->view().time() == first->view().time());
}

TEST_CASE("a record that is too large harms no other in its group") {
  desk d;
  auto big = d.labels("sb-1", 0);
  schema::SandboxLabelsReplacedT event;
  event.labels.push_back(std::make_unique<schema::PairT>());
  event.labels[0]->value.assign(log::max_record_bytes, 'x');
  big.entries[0]->event.Set(std::move(event));
  std::vector<proposal> all;
  all.push_back(std::move(big));
  all.push_back(d.labels("sb-1", 0));
  auto verdicts = d.commit(std::move(all));
  CHECK(code_of(verdicts[0]) == errc::too_large);
  CHECK(version_in(verdicts[1]) == 1);
}

TEST_CASE("a commit in doubt is resolved by what the log holds") {
  desk d;
  auto mood = GENERATE(gate_log::mood::loses, gate_log::mood::keeps);
  REQUIRE(version_in(d.commit_one(d.labels("sb-1", 0))) == 1);
  d.log->next = mood;
  std::vector<proposal> all;
  all.push_back(d.labels("sb-1", 1));
  all.push_back(d.labels("sb-2", 7)); // refused before the append
  CHECK(d.commit(std::move(all)).empty());
  CHECK_FALSE(d.commits->owns());
  CHECK(d.commits->has_doubts());
  auto meanwhile = d.labels("sb-3", 0);
  CHECK(code_of(d.commit_one(std::move(meanwhile))) == errc::log_unavailable);

  REQUIRE(d.commits->begin_epoch());
  auto verdicts = d.commits->resolve();
  REQUIRE(verdicts);
  REQUIRE(verdicts.value().size() == 2);
  CHECK(code_of(verdicts.value()[1]) == errc::version_conflict);
  if (mood == gate_log::mood::keeps) {
    CHECK(version_in(verdicts.value()[0]) == 2);
    CHECK(version_in(d.commit_one(d.labels("sb-1", 2))) == 3);
  } else {
    CHECK(code_of(verdicts.value()[0]) == errc::version_conflict);
    CHECK(version_in(d.commit_one(d.labels("sb-1", 1))) == 2);
  }
}

TEST_CASE("of two committers only the one with the newer epoch writes") {
  desk d;
  REQUIRE(version_in(d.commit_one(d.labels("sb-1", 0))) == 1);
  auto second = d.another();
  REQUIRE(second->begin_epoch());
  // The first one's heads are old: its record names none that counts.
  CHECK(d.commit({}).empty());
  std::vector<proposal> all;
  all.push_back(d.labels("sb-1", 1));
  CHECK(d.commit(std::move(all)).empty());
  CHECK_FALSE(d.commits->owns());
  CHECK(d.store->latest("sb-1").value()->version == 1);
}

TEST_CASE("a filling disk refuses what is new, then all but what gives back") {
  desk d;
  d.commits->admit_only("org-1", 1);
  schema::SandboxCreatedT created;
  auto is_refused = [&](auto what) {
    auto version = d.store->latest("sb-1").value();
    auto v =
        d.commit_one(d.event("sb-1", version ? version->version : 0, what, 1));
    if (!v.outcome)
      CHECK(v.outcome.error().code == errc::log_full);
    return !v.outcome.has_value();
  };
  d.log->room = log::disk_state::low;
  schema::ApiKeyCreatedT key;
  CHECK(is_refused(key));
  CHECK_FALSE(is_refused(schema::SandboxStartRequestedT{}));
  d.log->room = log::disk_state::critical;
  CHECK(is_refused(schema::SandboxStartRequestedT{}));
  CHECK(is_refused(schema::SandboxLabelsReplacedT{}));
  CHECK_FALSE(is_refused(schema::SandboxStopRequestedT{}));
  CHECK_FALSE(is_refused(schema::SandboxStoppedT{}));
  CHECK_FALSE(is_refused(schema::SandboxDestroyRequestedT{}));
  d.log->room = log::disk_state::full;
  CHECK(is_refused(schema::SandboxDestroyedT{}));
  d.log->room = log::disk_state::ample;
  CHECK_FALSE(is_refused(schema::SandboxDestroyedT{}));
}

TEST_CASE("an append refused for want of room changes nothing") {
  desk d;
  d.log->next = gate_log::mood::full;
  CHECK(code_of(d.commit_one(d.labels("sb-1", 0))) == errc::log_full);
  CHECK(d.commits->owns());
  CHECK(version_in(d.commit_one(d.labels("sb-1", 0))) == 1);
}
