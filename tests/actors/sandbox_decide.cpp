#include <catch2/catch.hpp>

#include "tests/actors/given.hpp"

using namespace varve;
using given::sandbox_in;
using sandbox::status;

namespace {

const schema::EntryT& only(const result<decision>& d) {
  REQUIRE(d.has_value());
  REQUIRE(d.value().entries.size() == 1);
  return *d.value().entries[0];
}

std::string refusal(const result<decision>& d) {
  REQUIRE(!d.has_value());
  return d.error().detail;
}

} // namespace

TEST_CASE("refusals bear the texts that clients know") {
  CHECK(refusal(sandbox_in(status::error).decide(StartSandbox{"sb-1"}))
        == "Sandbox is in an errored state");
  CHECK(refusal(sandbox_in(status::stopping).decide(StartSandbox{"sb-1"}))
        == "Sandbox state change in progress");
  CHECK(refusal(sandbox_in(status::stopped).decide(PauseSandbox{"sb-1"}))
        == "Sandbox must be in started state to pause");
  CHECK(refusal(sandbox_in(status::stopped).decide(RecoverSandbox{"sb-1"}))
        == "Sandbox must be in error state to recover");
}

TEST_CASE("an error that is not recoverable refuses recovery but not delete") {
  auto story = sandbox_in(status::creating);
  story.when(story.answer(schema::Result::Failed, schema::Present::Absent));
  REQUIRE(story.s.at == status::error);
  CHECK(refusal(story.decide(RecoverSandbox{"sb-1"}))
        == "Sandbox is not in a recoverable state");
  CHECK(only(story.decide(DestroySandbox{"sb-1"})).event.type
        == schema::Event::SandboxDestroyRequested);
}

TEST_CASE("recovery asks for Start, or for Create where it never started") {
  auto broken = sandbox_in(status::error);
  broken.when(RecoverSandbox{"sb-1"});
  CHECK(sandbox::owed_operation(broken.s)->kind
        == schema::OperationKind::Start);

  auto unborn = sandbox_in(status::creating);
  unborn.when(sandbox::DeadlineReached{unborn.s.deadline});
  REQUIRE(unborn.s.at == status::error);
  unborn.when(RecoverSandbox{"sb-1"});
  CHECK(sandbox::owed_operation(unborn.s)->kind
        == schema::OperationKind::Create);
}

TEST_CASE("a deadline that was moved decides to nothing") {
  auto story = sandbox_in(status::creating);
  auto armed = story.s.deadline;
  story.done(schema::Present::Running);
  story.when(StopSandbox{"sb-1", false});
  // The clock did not reach the deadline of stopping yet.
  auto early = story.decide(sandbox::DeadlineReached{story.s.deadline - 1});
  REQUIRE(early.has_value());
  CHECK(early.value().entries.empty());
  CHECK(armed != story.s.deadline);
}

TEST_CASE("deadlines are 15 min for creating and starting, 30 s for "
          "stopping and destroying, and name the transition they end") {
  struct row {
    status from;
    timestamp patience;
    std::string reason;
  };
  for (const auto& [from, patience, reason] :
       {row{status::creating, 900'000, "Timeout while creating sandbox"},
        row{status::starting, 900'000, "Timeout while starting sandbox"},
        row{status::stopping, 30'000, "Timeout while stopping sandbox"}}) {
    auto story = sandbox_in(from);
    CHECK(story.s.deadline == story.s.changed_at + patience);
    auto d = story.decide(sandbox::DeadlineReached{story.s.deadline});
    const auto* failed = only(d).event.AsSandboxFailed();
    REQUIRE(failed != nullptr);
    CHECK(failed->reason == reason);
    CHECK(failed->recoverable);
    CHECK(d.value().cause == schema::Cause::Deadline);
  }
  auto story = sandbox_in(status::destroying);
  CHECK(story.s.deadline == story.s.changed_at + 30'000);
}

TEST_CASE("delete never gives up and asks with a new operation each time") {
  auto story = sandbox_in(status::destroying);
  auto first = sandbox::owed_operation(story.s);
  timestamp patience = 30'000;
  for (int i = 1; i <= 10; ++i) {
    story.now = story.s.deadline;
    story.when(sandbox::DeadlineReached{story.s.deadline});
    REQUIRE(story.s.at == status::destroying);
    patience = std::min<timestamp>(patience * 2, 480'000);
    CHECK(story.s.deadline == story.s.changed_at + patience);
    auto next = sandbox::owed_operation(story.s);
    CHECK(next->id != first->id);
    CHECK(next->version > first->version);
    first = next;
  }
  story.done(schema::Present::Absent);
  CHECK(story.s.at == status::destroyed);
}

TEST_CASE("replacing labels keeps what the sandbox waits for") {
  auto story = sandbox_in(status::starting);
  auto deadline = story.s.deadline;
  auto owed = sandbox::owed_operation(story.s);
  story.when(ReplaceLabels{"sb-1", {{"z", "9"}}});
  CHECK(story.s.deadline == deadline);
  CHECK(sandbox::owed_operation(story.s)->id == owed->id);
  CHECK(story.records.back()->view().entries()->Get(0)->deadline() == deadline);
  CHECK(story.records.back()->view().entries()->Get(0)->owes());
  CHECK(story.s.labels
        == std::vector<std::pair<std::string, std::string>>{{"z", "9"}});
  auto again = story.decide(ReplaceLabels{"sb-1", {{"z", "9"}}});
  CHECK(again.value().entries.empty());
}

TEST_CASE("a signing key is replaced once, and nothing else with it") {
  auto story = sandbox_in(status::starting);
  auto deadline = story.s.deadline;
  auto owed = sandbox::owed_operation(story.s);
  story.when(RotateSigningKey{"sb-1", 0});
  auto version = story.s.signing_key_version;
  CHECK(version == story.s.version);
  CHECK(story.s.deadline == deadline);
  CHECK(sandbox::owed_operation(story.s)->id == owed->id);
  // Somebody else who saw the first key.
  CHECK(story.decide(RotateSigningKey{"sb-1", 0}).value().entries.empty());
  story.when(RotateSigningKey{"sb-1", version});
  CHECK(story.s.signing_key_version > version);
}

TEST_CASE("a forced stop replaces a gentle one and is asked for once") {
  auto story = sandbox_in(status::stopping);
  CHECK_FALSE(sandbox::owed_operation(story.s)->force);
  story.when(StopSandbox{"sb-1", true});
  CHECK(sandbox::owed_operation(story.s)->force);
  CHECK(story.decide(StopSandbox{"sb-1", true}).value().entries.empty());
}

TEST_CASE("an operation is not begun so late that it outlasts its deadline") {
  for (auto at : {status::creating, status::starting, status::stopping,
                  status::destroying}) {
    auto story = sandbox_in(at);
    auto owed = sandbox::owed_operation(story.s);
    REQUIRE(owed.has_value());
    CHECK(owed->queue_until > story.s.changed_at);
    CHECK(owed->queue_until + owed->timeout_ms < story.s.deadline);
  }
}

TEST_CASE("an observation that an event already rests on is ignored") {
  auto story = sandbox_in(status::started);
  auto died =
      story.observation(schema::Present::Stopped, schema::Cause::ToolboxDied);
  story.when(died);
  REQUIRE(story.s.at == status::error);
  story.when(RecoverSandbox{"sb-1"});
  story.done(schema::Present::Running);
  REQUIRE(story.s.at == status::started);
  auto again = story.decide(died);
  REQUIRE(again.has_value());
  CHECK(again.value().entries.empty());
  CHECK_FALSE(again.value().deferred);
  // Another journal counts from one again.
  died.report.journal_id = "journal-2";
  CHECK(only(story.decide(died)).event.type == schema::Event::SandboxFailed);
}

TEST_CASE("an answer counts by its operation even if its sequence is old") {
  auto story = sandbox_in(status::starting);
  auto answer = story.answer(schema::Result::Done, schema::Present::Running);
  answer.report.sequence = 1; // an older copy of the journal
  story.when(answer);
  CHECK(story.s.at == status::started);
}

TEST_CASE("an inventory older than the last change is not believed") {
  auto story = sandbox_in(status::started);
  sandbox::RunnerListed absent{schema::Present::Absent, story.s.changed_at};
  CHECK(story.decide(absent).value().entries.empty());
  absent.taken_at += 1;
  auto d = story.decide(absent);
  const auto* failed = only(d).event.AsSandboxFailed();
  REQUIRE(failed != nullptr);
  CHECK_FALSE(failed->recoverable);
  CHECK(d.value().cause == schema::Cause::Inventory);

  SECTION("without its time only what has been so for 20 s is judged") {
    absent.taken_at = 0;
    story.now = story.s.changed_at + 19'999;
    CHECK(story.decide(absent).value().entries.empty());
    story.now += 1;
    CHECK(only(story.decide(absent)).event.type
          == schema::Event::SandboxFailed);
  }
}

TEST_CASE("what runs although the log says otherwise is corrected") {
  using schema::OperationKind;
  using schema::Present;
  auto correction = [](status at, Present present) {
    return sandbox::correction_for(sandbox_in(at).s, present);
  };
  CHECK(correction(status::stopped, Present::Running) == OperationKind::Stop);
  CHECK(correction(status::error, Present::Running) == OperationKind::Stop);
  CHECK(correction(status::error, Present::Stopped) == OperationKind::None);
  CHECK(correction(status::destroyed, Present::Stopped)
        == OperationKind::Destroy);
  CHECK(correction(status::absent, Present::Running) == OperationKind::Destroy);
  CHECK(correction(status::destroyed, Present::Absent) == OperationKind::None);
  CHECK(correction(status::starting, Present::Running) == OperationKind::None);
}

TEST_CASE("a restarted host leaves the sandbox stopped with that cause") {
  auto story = sandbox_in(status::started);
  auto d = story.decide(story.observation(schema::Present::Stopped,
                                          schema::Cause::HostRestarted));
  CHECK(only(d).event.type == schema::Event::SandboxStopped);
  CHECK(d.value().cause == schema::Cause::HostRestarted);
}
