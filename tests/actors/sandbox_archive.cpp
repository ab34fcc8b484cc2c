// Archiving and what follows it: when it is due, what is owed, what is left
// when it fails, and who may be forked.
#include "tests/actors/given.hpp"

using namespace varve;
using sandbox::DeadlineReached;
using sandbox::status;
using schema::OperationKind;
using schema::Present;
using schema::Result;

namespace {

constexpr timestamp minute = 60'000;

SetTimers times(std::int32_t archive, std::int32_t remove) {
  SetTimers out;
  out.sandbox_id = "sb-1";
  out.auto_archive = archive;
  out.auto_delete = remove;
  out.ttl_minutes = 0;
  out.auto_stop = 0;
  return out;
}

given::sandbox_story stopped_with(std::int32_t archive, std::int32_t remove) {
  auto story = given::sandbox_in(status::stopped);
  story.when(times(archive, remove));
  return story;
}

void pass_time(given::sandbox_story& story) {
  REQUIRE(story.s.deadline != 0);
  story.now = std::max(story.now, story.s.deadline);
  story.when(DeadlineReached{story.s.deadline});
}

OperationKind owed_by(const given::sandbox_story& story) {
  auto owed = sandbox::owed_operation(story.s);
  REQUIRE(owed);
  return owed->kind;
}

schema::Cause last_cause(const given::sandbox_story& story) {
  return story.records.back()->view().cause();
}

sandbox::RunnerAnswered archived_answer(given::sandbox_story& story) {
  auto out = story.answer(Result::Done, Present::Archived);
  out.report.archive = std::make_unique<schema::ArchiveT>();
  out.report.archive->size_bytes = 17;
  out.report.archive->hash = std::make_unique<schema::Digest>();
  return out;
}

} // namespace

TEST_CASE("one that stays stopped is archived when its interval is over") {
  auto story = stopped_with(30, -1);
  CHECK(story.s.deadline == story.s.stopped_at + 30 * minute);
  pass_time(story);
  CHECK(story.s.at == status::archiving);
  CHECK(last_cause(story) == schema::Cause::AutoArchive);
  CHECK(owed_by(story) == OperationKind::Archive);
  story.when(archived_answer(story));
  CHECK(story.s.at == status::archived);
  CHECK(story.s.deadline == 0);
}

TEST_CASE("one that is archived is deleted as long after its stop as ever") {
  auto story = stopped_with(30, 90);
  pass_time(story);
  story.when(archived_answer(story));
  CHECK(story.s.deadline == story.s.stopped_at + 90 * minute);
  // Also when that is set while it lies there.
  story.when(times(30, 60));
  CHECK(story.s.deadline == story.s.stopped_at + 60 * minute);
  pass_time(story);
  CHECK(story.s.at == status::destroying);
  CHECK(last_cause(story) == schema::Cause::AutoDelete);
}

TEST_CASE("one that is deleted before it could be archived is not archived") {
  auto story = stopped_with(30, 30);
  pass_time(story);
  CHECK(story.s.at == status::destroying);
}

TEST_CASE("a start before that puts archiving off") {
  auto story = stopped_with(30, -1);
  auto due = story.s.deadline;
  story.when(StartSandbox{"sb-1"});
  story.done(Present::Running);
  story.now = due;
  auto late = story.decide(DeadlineReached{due});
  CHECK(late.value().entries.empty());
}

TEST_CASE("an ephemeral sandbox is not archived") {
  auto story = given::sandbox_in(status::stopped);
  story.when(times(30, 0));
  auto refused = story.decide(ArchiveSandbox{"sb-1"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::wrong_state);
  CHECK(refused.error().detail == "Ephemeral sandboxes cannot be archived");
}

TEST_CASE("the restore names the archive that was made") {
  auto story = given::sandbox_in(status::archiving);
  story.when(archived_answer(story));
  story.when(StartSandbox{"sb-1"});
  CHECK(story.s.at == status::restoring);
  auto owed = sandbox::owed_operation(story.s);
  REQUIRE(owed);
  CHECK(owed->kind == OperationKind::Restore);
  CHECK(owed->archive_size == 17);
  CHECK(owed->archive_hash.size() == 32);
  CHECK(owed->timeout_ms > 60'000);
  story.done(Present::Running);
  CHECK(story.s.at == status::started);
  // Started, it has no archive any more.
  CHECK(story.s.archive_hash.empty());
  story.when(StopSandbox{"sb-1"});
  story.done(Present::Stopped);
  story.when(StartSandbox{"sb-1"});
  CHECK(owed_by(story) == OperationKind::Start);
}

TEST_CASE("a start while it is being archived brings it back") {
  auto story = given::sandbox_in(status::archiving);
  auto old = archived_answer(story);
  story.when(StartSandbox{"sb-1"});
  CHECK(story.s.at == status::restoring);
  // What the archiving came to is of no meaning any more.
  auto late = story.decide(std::move(old));
  CHECK(late.value().entries.empty());
}

TEST_CASE("an archive that could not be made leaves it stopped, with a word") {
  auto story = given::sandbox_in(status::archiving);
  auto failed = story.answer(Result::Failed, Present::Stopped);
  failed.report.error = "no space left on device";
  story.when(std::move(failed));
  CHECK(story.s.at == status::stopped);
  const auto* entry = story.records.back()->view().entries()->Get(0);
  CHECK(entry->event_as_SandboxStopped()->detail()->str()
        == "no space left on device");
}

TEST_CASE("what could not be restored is recovered from its archive") {
  auto story = given::sandbox_in(status::restoring);
  auto failed = story.answer(Result::Failed, Present::Archived);
  failed.report.error = "the archive is damaged";
  failed.report.recoverable = true;
  story.when(std::move(failed));
  CHECK(story.s.at == status::error);
  auto aside = story;
  story.when(RecoverSandbox{"sb-1"});
  CHECK(story.s.at == status::restoring);
  CHECK(owed_by(story) == OperationKind::Restore);
  // Or put aside again.
  aside.when(RecoverSandbox{"sb-1", true});
  CHECK(aside.s.at == status::stopping);
  CHECK(owed_by(aside) == OperationKind::Stop);
  aside.done(Present::Archived);
  CHECK(aside.s.at == status::archived);
}

TEST_CASE("a recovery without a start ends at stopped and takes disk only") {
  auto story = given::sandbox_in(status::error);
  story.when(RecoverSandbox{"sb-1", true});
  CHECK(owed_by(story) == OperationKind::Stop);
  story.done(Present::Stopped);
  CHECK(story.s.at == status::stopped);
}

TEST_CASE("quota is given back when archived and taken again when restored") {
  organization::state org;
  org.exists = true;
  organization::reservations none;
  auto made =
      organization::decide(org, given::creation("sb-1", "one"),
                           {"org-1", {given::start_time, "runner-1"}, none});
  REQUIRE(made);
  given::fold(
      org, *given::committed(std::move(made).value(), 0, 0, given::start_time));
  auto happens = [&](auto event) {
    decision d;
    d.entries.push_back(
        make_entry(schema::AggregateType::Sandbox, "sb-1", std::move(event)));
    given::fold(org, *given::committed(std::move(d), 5, org.version,
                                       given::start_time));
  };
  happens(schema::SandboxStoppedT{});
  CHECK(org.used.disk_gib == 3);
  happens(schema::SandboxArchivedT{});
  CHECK(org.used == organization::amounts{0, 0, 0, 1});
  auto more = organization::admit_start(org, "sb-1", none);
  CHECK(more.value() == organization::amounts{1000, 1024, 3, 0});
  auto disk =
      organization::admit_start(org, "sb-1", none, organization::holding::disk);
  CHECK(disk.value() == organization::amounts{0, 0, 3, 0});
  happens(schema::SandboxRestoreRequestedT{});
  CHECK(org.used.cpu_millis == 1000);
  CHECK(organization::recount(org) == org.used);
}

TEST_CASE("a fork is made where its source lies, and has time to copy") {
  organization::state org;
  org.exists = true;
  auto c = given::creation("sb-2", "twin");
  c.forked_from = "sb-1";
  c.runner_id = "runner-7";
  auto d = organization::decide(org, c,
                                {"org-1", {given::start_time, "runner-1"}, {}});
  REQUIRE(d);
  given::sandbox_story story;
  auto deadline = d.value().entries[0]->deadline;
  CHECK(deadline > given::start_time + 10 * minute);
  story.commit(std::move(d).value());
  CHECK(story.s.runner_id == "runner-7");
  auto owed = sandbox::owed_operation(story.s);
  REQUIRE(owed);
  CHECK(owed->kind == OperationKind::Create);
  CHECK(owed->timeout_ms > 10 * minute);
  CHECK(owed->queue_until > given::start_time);
  auto timers = times(0, -1);
  story.when(timers);
  CHECK(story.s.deadline == deadline);
}
