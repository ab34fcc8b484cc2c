// The whole table state x trigger of a snapshot, tried cell by cell with real
// commands and answers.
#include <catch2/catch.hpp>

#include <sstream>

#include "actors/snapshot/decide.hpp"
#include "tests/actors/given.hpp"

using namespace varve;
using snapshot::status;

namespace {

// "-": no event. A number: refused with this status.
constexpr const char* expected_table = R"(
register   Created   Activated Activated Activated Activated Activated 400 400
activate   404       400       400       400       Asked     400       400 404
deactivate 404       -         -         Deactivated -       -         -   404
remove     404       Removing  Removing  Removing  Removing  Removing  -   -
done       -         Resolved  Activated -         -         -         Removed -
failed     -         Failed    Failed    -         -         -         -   -
deadline   -         Failed    Failed    -         -         -         Retried -
stale      -         -         -         -         -         -         -   -
)";

struct story {
  snapshot::state s;
  timestamp now = given::start_time;

  result<decision> decide(const snapshot::input& what) const {
    return snapshot::decide(s, what, "org-1", now);
  }

  void commit(decision d) {
    auto record = given::committed(std::move(d), s.version, 0, now);
    std::uint16_t place = 0;
    for (const auto* entry : *record->view().entries())
      snapshot::evolve(s, *entry, envelope{record->view(), place++});
    now += 1000;
  }

  void when(const snapshot::input& what) {
    auto d = decide(what);
    REQUIRE(d);
    commit(std::move(d.value()));
  }

  sandbox::RunnerAnswered answer(schema::Result result) const {
    sandbox::RunnerAnswered out;
    auto owed = snapshot::owed_operation(s);
    out.report.kind = owed ? owed->kind : schema::OperationKind::Pull;
    out.report.version = s.operation_version;
    out.report.result = result;
    out.report.snapshot_id = "snap-1";
    out.report.digest = "sha256:00ff";
    out.report.image_ref = "sha256-00ff";
    out.report.entrypoint = {"sh"};
    return out;
  }

  void done() {
    when(answer(schema::Result::Done));
  }
};

story requested(std::vector<std::string> entrypoint = {}) {
  organization::state org;
  org.exists = true;
  CreateSnapshot c;
  c.snapshot_id = "snap-1";
  c.name = "team/a:1";
  c.image = "debian:12";
  c.entrypoint = std::move(entrypoint);
  c.region = "local";
  story out;
  auto d = organization::decide(
      org, c, {"org-1", decision_context{out.now, "runner-1"}, {}});
  REQUIRE(d);
  out.commit(std::move(d.value()));
  return out;
}

story in(status wanted) {
  if (wanted == status::absent)
    return {};
  auto out = requested();
  if (wanted == status::pending)
    return out;
  if (wanted == status::error) {
    out.when(out.answer(schema::Result::Failed));
  } else {
    out.done();
    if (wanted != status::pulling)
      out.done();
  }
  if (wanted == status::inactive)
    out.when(DeactivateSnapshot{"snap-1"});
  if (wanted == status::removing || wanted == status::removed)
    out.when(RemoveSnapshot{"snap-1"});
  if (wanted == status::removed)
    out.done();
  REQUIRE(out.s.at == wanted);
  return out;
}

RegisterSnapshot registration() {
  RegisterSnapshot c;
  c.snapshot_id = "snap-1";
  c.name = "team/a:1";
  c.image_ref = "other";
  return c;
}

snapshot::input input_named(const std::string& trigger, const story& s) {
  if (trigger == "register")
    return registration();
  if (trigger == "activate")
    return ActivateSnapshot{"snap-1"};
  if (trigger == "deactivate")
    return DeactivateSnapshot{"snap-1"};
  if (trigger == "remove")
    return RemoveSnapshot{"snap-1"};
  if (trigger == "done")
    return s.answer(schema::Result::Done);
  if (trigger == "failed")
    return s.answer(schema::Result::Failed);
  if (trigger == "deadline")
    return sandbox::DeadlineReached{s.s.deadline};
  auto old = s.answer(schema::Result::Done);
  old.report.version += 1;
  return old;
}

std::string shown(const result<decision>& d) {
  if (!d)
    return d.error().code == errc::not_found ? "404" : "400";
  if (d.value().entries.empty())
    return "-";
  std::string name = schema::EnumNameEvent(d.value().entries[0]->event.type);
  name = name.substr(std::string{"Snapshot"}.size());
  if (name == "ActivationRequested")
    return "Asked";
  if (name == "RemovalRequested")
    return "Removing";
  return name == "RemovalRetried" ? "Retried" : name;
}

} // namespace

TEST_CASE("a snapshot meets every trigger in every state as its table says") {
  std::istringstream lines{expected_table};
  std::string line;
  std::size_t cells = 0;
  while (std::getline(lines, line)) {
    std::istringstream words{line};
    std::string trigger, expected;
    words >> trigger;
    for (std::size_t i = 0; words >> expected; ++i, ++cells) {
      auto from = in(static_cast<status>(i));
      INFO(trigger << " in " << snapshot::name_of(from.s.at));
      auto d = from.decide(input_named(trigger, from));
      CHECK(shown(d) == expected);
      if (!d || d.value().entries.empty())
        continue;
      // What the last entry says it waits for is what the state waits for.
      auto deadline = d.value().entries.back()->deadline;
      auto owes = d.value().entries.back()->owes;
      from.commit(std::move(d.value()));
      CHECK(from.s.deadline == deadline);
      CHECK(snapshot::owed_operation(from.s).has_value() == owes);
      CHECK((!owes || deadline != 0));
    }
  }
  CHECK(cells == snapshot::status_count * snapshot::trigger_count);
}

TEST_CASE("a snapshot is removed from every state, and its name is free") {
  organization::state org;
  org.exists = true;
  for (auto from : {status::pending, status::pulling, status::active,
                    status::inactive, status::error}) {
    auto it = in(from);
    it.when(RemoveSnapshot{"snap-1"});
    CHECK(it.s.at == status::removing);
    it.done();
    CHECK(it.s.at == status::removed);
  }
}

TEST_CASE("an entrypoint that was given outlives the image's own") {
  auto own = requested();
  own.done();
  own.done();
  CHECK(own.s.entrypoint == std::vector<std::string>{"sh"});
  auto given = requested({"sleep", "9"});
  given.done();
  given.done();
  CHECK(given.s.entrypoint == std::vector<std::string>{"sleep", "9"});
}

TEST_CASE("only its organization changes a snapshot") {
  auto it = in(status::active);
  auto other =
      snapshot::decide(it.s, RemoveSnapshot{"snap-1"}, "org-2", it.now);
  REQUIRE(!other);
  CHECK(other.error().code == errc::not_found);
  it.s.general = true;
  it.s.organization_id.clear();
  auto general =
      snapshot::decide(it.s, RemoveSnapshot{"snap-1"}, "org-1", it.now);
  REQUIRE(!general);
  CHECK(general.error().code == errc::forbidden);
}

TEST_CASE("a name is taken until its snapshot is to be removed") {
  organization::state org;
  org.exists = true;
  CreateSnapshot c;
  c.snapshot_id = "snap-1";
  c.name = "a:1";
  c.image = "debian:12";
  c.region = "local";
  organization::context around{
      "org-1", decision_context{given::start_time, "runner-1"}, {}};
  auto first = organization::decide(org, c, around);
  REQUIRE(first);
  given::fold(org, *given::committed(std::move(first.value()), 0, 0,
                                     given::start_time));
  CHECK(organization::decide(org, c, around).value().entries.empty());
  c.snapshot_id = "snap-2";
  CHECK(organization::decide(org, c, around).error().code == errc::conflict);
  decision removal;
  removal.entries.push_back(make_entry(schema::AggregateType::Snapshot,
                                       "snap-1",
                                       schema::SnapshotRemovalRequestedT{}));
  given::fold(org,
              *given::committed(std::move(removal), 1, 1, given::start_time));
  CHECK(organization::decide(org, c, around).value().entries.size() == 1);
}
