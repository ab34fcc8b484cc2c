// The whole table state x trigger, read by a person and tried cell by cell
// with real commands and reports.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "actors/sandbox/table_page.hpp"
#include "tests/actors/given.hpp"

using namespace varve;
using sandbox::status;

namespace {

// Where an event leads.
status state_after(const std::string& event, status before) {
  if (event == "StartRequested" || event == "RecoveryRequested")
    return status::starting;
  if (event == "IdleAsked")
    return status::probing;
  if (event == "ImageResolved")
    return status::pulling;
  if (event == "ImagePulled")
    return status::creating;
  if (event == "PauseRequested")
    return status::pausing;
  if (event == "Paused")
    return status::paused;
  if (event == "ResumeRequested")
    return status::resuming;
  if (event == "ResizeRequested" || event == "NetworkRequested")
    return before == status::stopped || before == status::archived
               ? before
               : status::adjusting;
  if (event == "ArchiveRequested")
    return status::archiving;
  if (event == "Archived")
    return status::archived;
  if (event == "RestoreRequested")
    return status::restoring;
  if (event == "StopRequested")
    return status::stopping;
  if (event == "DestroyRequested" || event == "DestroyRetried")
    return status::destroying;
  if (event == "Started" || event == "FoundBusy" || event == "Resumed"
      || event == "Adjusted")
    return status::started;
  if (event == "Stopped")
    return status::stopped;
  if (event == "Failed")
    return status::error;
  if (event == "Destroyed")
    return status::destroyed;
  return before;
}

sandbox::RunnerAnswered any_answer(given::sandbox_story& story,
                                   schema::Result result,
                                   schema::Present present) {
  if (sandbox::owed_operation(story.s))
    return story.answer(result, present);
  // Nothing is owed: an answer to what was asked for last.
  sandbox::RunnerAnswered out;
  out.report.kind = schema::OperationKind::Stop;
  out.report.version = story.s.operation_version;
  out.report.result = result;
  out.report.present = present;
  out.report.sequence = ++story.sequence;
  return out;
}

sandbox::input command_named(const std::string& trigger) {
  if (trigger == "start")
    return StartSandbox{"sb-1"};
  if (trigger == "stop")
    return StopSandbox{"sb-1", false};
  if (trigger == "stop_now")
    return StopSandbox{"sb-1", true};
  if (trigger == "recover")
    return RecoverSandbox{"sb-1"};
  if (trigger == "destroy")
    return DestroySandbox{"sb-1"};
  if (trigger == "rotate_signing_key")
    return RotateSigningKey{"sb-1", 0};
  if (trigger == "archive")
    return ArchiveSandbox{"sb-1"};
  if (trigger == "fork")
    return ForkSandbox{"sb-1", given::creation("sb-2")};
  if (trigger == "pause")
    return PauseSandbox{"sb-1"};
  if (trigger == "resize")
    return ResizeSandbox{"sb-1", {}, 4096};
  if (trigger == "set_network")
    return SetNetwork{"sb-1", {true, ""}};
  if (trigger == "set_timers")
    return SetTimers{"sb-1", 7, {}, {}, {}};
  if (trigger == "set_public")
    return SetPublic{"sb-1", true};
  return ReplaceLabels{"sb-1", {{"c", "3"}}};
}

// Only of one that is stopped can it come.
sandbox::input archiving_time(given::sandbox_story& story) {
  if (story.s.at != status::stopped)
    return sandbox::DeadlineReached{story.s.deadline - 1};
  SetTimers soon;
  soon.sandbox_id = "sb-1";
  soon.auto_archive = 30;
  story.when(soon);
  return sandbox::DeadlineReached{story.s.deadline};
}

sandbox::input report_named(const std::string& trigger,
                            given::sandbox_story& story) {
  using schema::Present;
  using schema::Result;
  if (trigger == "answered_running")
    return any_answer(story, Result::Done, Present::Running);
  if (trigger == "answered_stopped")
    return any_answer(story, Result::Done, Present::Stopped);
  if (trigger == "answered_absent")
    return any_answer(story, Result::Done, Present::Absent);
  if (trigger == "answered_failed")
    return any_answer(story, Result::Failed, Present::Unclear);
  if (trigger == "answered_paused")
    return any_answer(story, Result::Done, Present::Paused);
  if (trigger == "answered_archived")
    return any_answer(story, Result::Done, Present::Archived);
  if (trigger == "answered_busy")
    return any_answer(story, Result::Busy, Present::Running);
  if (trigger == "saw_running")
    return sandbox::RunnerListed{Present::Running, story.now};
  if (trigger == "saw_oom_kill")
    return story.observation(Present::Running, schema::Cause::OutOfMemory);
  if (trigger == "saw_paused")
    return sandbox::RunnerListed{Present::Paused, story.now};
  if (trigger == "saw_archived")
    return sandbox::RunnerListed{Present::Archived, story.now};
  if (trigger == "saw_stopped")
    return story.observation(Present::Stopped, schema::Cause::HostRestarted);
  if (trigger == "saw_broken")
    return story.observation(Present::Stopped, schema::Cause::ToolboxDied);
  if (trigger == "saw_absent")
    return sandbox::RunnerListed{Present::Absent, story.now};
  // Where no state has a deadline, only the end of its life is waited for.
  if (trigger == "deadline")
    return sandbox::DeadlineReached{
        story.s.deadline - (story.s.deadline == story.s.destroy_at ? 1 : 0)};
  if (trigger == "archive_due")
    return archiving_time(story);
  if (trigger == "ttl_over")
    return sandbox::DeadlineReached{story.s.destroy_at};
  auto old = any_answer(story, Result::Done, Present::Running);
  old.report.version -= old.report.version == 0 ? 0 : 1;
  return old;
}

sandbox::input input_named(const std::string& trigger,
                           given::sandbox_story& story) {
  if (trigger.starts_with("answered") || trigger.starts_with("saw")
      || trigger == "deadline" || trigger == "archive_due"
      || trigger == "ttl_over" || trigger == "stale")
    return report_named(trigger, story);
  return command_named(trigger);
}

std::string shown(const result<decision>& d) {
  if (!d) {
    auto code = d.error().code;
    if (code == errc::not_found)
      return "404";
    if (code == errc::conflict)
      return "409";
    return code == errc::wrong_state ? "400" : "another refusal";
  }
  if (d.value().deferred)
    return "later";
  if (d.value().entries.empty())
    return "nothing";
  REQUIRE(d.value().entries.size() == 1);
  std::string name = schema::EnumNameEvent(d.value().entries[0]->event.type);
  return name.substr(std::string{"Sandbox"}.size());
}

void check_cell(const std::string& trigger, status from,
                const std::string& expected) {
  auto story = given::sandbox_in(from);
  auto what = input_named(trigger, story);
  auto d = story.decide(what);
  auto quiet = expected == "ok" || expected == "-";
  CHECK(shown(d) == (quiet ? "nothing" : expected));
  // Clients hear `ok`; nobody waits for what a report came to.
  auto commands =
      what.index() < sandbox::input{sandbox::RunnerAnswered{}}.index();
  CHECK((!quiet || (expected == "ok") == commands));
  if (!d || d.value().entries.empty())
    return;
  // What the entry says it waits for is what the folded state waits for.
  auto deadline = d.value().entries[0]->deadline;
  auto owes = d.value().entries[0]->owes;
  auto before = story.s.version;
  story.commit(std::move(d).value());
  CHECK(story.s.at == state_after(expected, from));
  CHECK(story.s.version == before + 1);
  CHECK(sandbox::deadline_of(story.s) == deadline);
  CHECK(sandbox::owed_operation(story.s).has_value() == owes);
  CHECK((!owes || deadline != 0));
}

} // namespace

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in{path};
  INFO(path);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("every state meets every trigger as the table says") {
  std::istringstream lines{read_file(VARVE_SANDBOX_TABLE)};
  std::string line;
  std::size_t cells = 0;
  while (std::getline(lines, line)) {
    std::istringstream words{line};
    std::string trigger;
    if (!(words >> trigger) || trigger == "trigger" || trigger[0] == '#')
      continue;
    std::string expected;
    for (std::size_t i = 0; words >> expected; ++i, ++cells) {
      auto from = static_cast<status>(i);
      INFO(trigger << " in " << sandbox::name_of(from));
      check_cell(trigger, from, expected);
    }
  }
  CHECK(cells == sandbox::status_count * sandbox::trigger_count);
}

TEST_CASE("a delete is accepted in every state there can be") {
  for (std::size_t i = 1; i < sandbox::status_count; ++i) {
    auto from = static_cast<status>(i);
    INFO(sandbox::name_of(from));
    auto story = given::sandbox_in(from);
    CHECK(story.decide(DestroySandbox{"sb-1"}));
  }
}

// With VARVE_WRITE_DOCS it is written instead.
TEST_CASE("the page about the table is what the table says") {
  auto page = sandbox::table_page();
  if (std::getenv("VARVE_WRITE_DOCS") != nullptr)
    std::ofstream{VARVE_SANDBOX_PAGE} << page;
  CHECK(read_file(VARVE_SANDBOX_PAGE) == page);
}

TEST_CASE("the inputs of the table are judged to be its triggers") {
  for (std::size_t i = 0; i < sandbox::trigger_count; ++i) {
    auto wanted = static_cast<sandbox::trigger>(i);
    std::string name{sandbox::name_of(wanted)};
    // A state in which it is not stale.
    auto owed = name.starts_with("answered") || name == "deadline";
    auto from = owed ? status::stopping : status::started;
    if (name == "answered_busy")
      from = status::probing;
    if (name == "archive_due")
      from = status::stopped;
    auto story = given::sandbox_in(from);
    auto what = input_named(name, story);
    INFO(name);
    CHECK(sandbox::judge(story.s, what, story.context()) == wanted);
  }
}
