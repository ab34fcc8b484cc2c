// Auto-stop, auto-pause, auto-delete and time to live: when each is due, and
// what its deadline does.
#include "tests/actors/given.hpp"

using namespace varve;
using sandbox::DeadlineReached;
using sandbox::status;

namespace {

constexpr timestamp minute = 60'000;

given::sandbox_story running_with(std::int32_t auto_stop,
                                  std::int32_t auto_delete,
                                  std::uint32_t ttl = 0) {
  auto story = given::sandbox_in(status::started);
  story.when(SetTimers{"sb-1", auto_stop, {}, auto_delete, ttl});
  return story;
}

// As the timer actor does it: when the deadline on the log is due.
void pass_time(given::sandbox_story& story) {
  REQUIRE(story.s.deadline != 0);
  story.now = std::max(story.now, story.s.deadline);
  story.when(DeadlineReached{story.s.deadline});
}

schema::Cause last_cause(const given::sandbox_story& story) {
  return story.records.back()->view().cause();
}

sandbox::RunnerAnswered busy(given::sandbox_story& story, timestamp used) {
  auto out = story.answer(schema::Result::Busy, schema::Present::Running);
  out.report.last_used = used;
  return out;
}

} // namespace

TEST_CASE("an idle sandbox is stopped when its interval is over") {
  auto story = running_with(5, -1);
  CHECK(story.s.deadline == story.s.used_at + 5 * minute);
  pass_time(story);
  CHECK(story.s.at == status::probing);
  auto owed = sandbox::owed_operation(story.s);
  REQUIRE(owed);
  CHECK(owed->kind == schema::OperationKind::Stop);
  CHECK(owed->idle_since == story.s.changed_at - 5 * minute);
  story.done(schema::Present::Stopped);
  CHECK(story.s.at == status::stopped);
  CHECK(last_cause(story) == schema::Cause::AutoStop);
  CHECK(story.s.deadline == 0);
}

TEST_CASE("use found by the runner puts the stop off by just that much") {
  auto story = running_with(5, -1);
  pass_time(story);
  auto used = story.now - 2 * minute;
  story.when(busy(story, used));
  CHECK(story.s.at == status::started);
  CHECK(story.s.used_at == used);
  CHECK(story.s.deadline == used + 5 * minute);
}

TEST_CASE("an answer about use that is too old to put anything off is not "
          "asked for again at once") {
  auto story = running_with(5, -1);
  pass_time(story);
  story.when(busy(story, 1));
  CHECK(story.s.deadline >= story.now);
}

TEST_CASE("a runner that does not say whether it is idle stops nothing") {
  auto story = running_with(5, -1);
  pass_time(story);
  pass_time(story);
  CHECK(story.s.at == status::started);
  CHECK(story.s.deadline >= story.s.changed_at + 5 * minute);
  pass_time(story);
  story.when(story.answer(schema::Result::Expired, schema::Present::Running));
  CHECK(story.s.at == status::started);
}

TEST_CASE("auto-pause asks for a pause") {
  auto story = given::sandbox_in(status::started);
  story.when(SetTimers{"sb-1", {}, 3, {}, 0});
  CHECK(story.s.times.auto_stop == 0);
  pass_time(story);
  auto owed = sandbox::owed_operation(story.s);
  REQUIRE(owed);
  CHECK(owed->kind == schema::OperationKind::Pause);
  CHECK(owed->idle_since != 0);
  story.done(schema::Present::Paused);
  CHECK(story.s.at == status::paused);
  CHECK(last_cause(story) == schema::Cause::AutoPause);
}

TEST_CASE("a stop that was asked for overtakes the question whether it is "
          "idle") {
  auto story = running_with(5, -1);
  pass_time(story);
  auto old = story.answer(schema::Result::Busy, schema::Present::Running);
  story.when(StopSandbox{"sb-1", false});
  CHECK(story.s.at == status::stopping);
  CHECK(sandbox::owed_operation(story.s)->idle_since == 0);
  CHECK(story.decide(old).value().entries.empty());
  story.done(schema::Present::Stopped);
  CHECK(last_cause(story) == schema::Cause::RunnerReport);
}

TEST_CASE("a stopped sandbox is deleted when its interval is over") {
  auto story = running_with(0, 10);
  CHECK(story.s.deadline == 0);
  story.when(StopSandbox{"sb-1", false});
  story.done(schema::Present::Stopped);
  CHECK(story.s.deadline == story.s.changed_at + 10 * minute);
  pass_time(story);
  CHECK(story.s.at == status::destroying);
  CHECK(last_cause(story) == schema::Cause::AutoDelete);
}

TEST_CASE("an ephemeral sandbox is deleted as soon as it is stopped") {
  auto story = running_with(1, 0);
  pass_time(story);
  story.done(schema::Present::Stopped);
  CHECK(story.s.deadline == story.s.changed_at);
  pass_time(story);
  CHECK(story.s.at == status::destroying);
}

TEST_CASE("a start ends the wait for auto-delete") {
  auto story = running_with(0, 10);
  story.when(StopSandbox{"sb-1", false});
  story.done(schema::Present::Stopped);
  auto due = story.s.deadline;
  story.when(StartSandbox{"sb-1"});
  story.now = due;
  CHECK(sandbox::judge(story.s, DeadlineReached{story.s.changed_at},
                       story.context())
        == sandbox::trigger::stale);
  story.done(schema::Present::Running);
  CHECK(story.s.deadline == 0);
  CHECK(story.decide(DeadlineReached{due}).value().entries.empty());
}

TEST_CASE("a time to live ends a sandbox whatever it does") {
  for (auto at : {status::creating, status::started, status::probing,
                  status::stopped, status::paused, status::error}) {
    INFO(sandbox::name_of(at));
    auto story = given::sandbox_in(at);
    story.now = story.s.destroy_at;
    story.when(DeadlineReached{story.s.destroy_at});
    CHECK(story.s.at == status::destroying);
    CHECK(last_cause(story) == schema::Cause::TimeToLive);
    CHECK(story.s.destroy_at == 0);
  }
}

TEST_CASE("setting a time to live counts from then, and 0 ends it") {
  auto story = running_with(0, -1, 30);
  CHECK(story.s.destroy_at == story.s.deadline);
  CHECK(story.s.destroy_at == story.now - 1000 + 30 * minute);
  story.when(SetTimers{"sb-1", {}, {}, {}, 0});
  CHECK(story.s.deadline == 0);
}

TEST_CASE("timers that are set while it changes count from when it has") {
  auto story = given::sandbox_in(status::stopping);
  auto before = story.s.deadline;
  story.when(SetTimers{"sb-1", {}, {}, 1, {}});
  CHECK(story.s.deadline == before);
  CHECK(sandbox::owed_operation(story.s));
  story.done(schema::Present::Stopped);
  CHECK(story.s.deadline == story.s.changed_at + minute);
}

TEST_CASE("setting timers to what they are is no event") {
  auto story = running_with(5, 7);
  auto again = story.decide(SetTimers{"sb-1", 5, {}, 7, {}});
  REQUIRE(again);
  CHECK(again.value().entries.empty());
}

TEST_CASE("what nobody heard of lives a minute more, and says why it went") {
  auto story = running_with(0, -1);
  SetTimers abandon{"sb-1", {}, {}, {}, {}, true};
  story.when(abandon);
  CHECK(story.s.destroy_at == story.now - 1000 + minute);
  auto version = story.s.version;
  story.when(abandon); // once
  CHECK(story.s.version == version);
  pass_time(story);
  CHECK(story.s.at == status::destroying);
  CHECK(last_cause(story) == schema::Cause::ClientGone);
}

TEST_CASE("whoever sets the time to live of it keeps it") {
  auto story = running_with(0, -1);
  story.when(SetTimers{"sb-1", {}, {}, {}, {}, true});
  story.when(SetTimers{"sb-1", {}, {}, {}, 0});
  CHECK(story.s.destroy_at == 0);
  CHECK_FALSE(story.s.is_abandoned);
  // One that ends sooner anyway does so for its own reason.
  story.when(SetTimers{"sb-1", {}, {}, {}, 1});
  story.now += 30'000;
  story.when(SetTimers{"sb-1", {}, {}, {}, {}, true});
  pass_time(story);
  CHECK(last_cause(story) == schema::Cause::TimeToLive);
}
