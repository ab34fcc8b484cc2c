// The whole table state x trigger, read by a person and tried cell by cell
// with real commands and reports.
#include <catch2/catch.hpp>

#include <sstream>

#include "tests/actors/given.hpp"

using namespace varve;
using sandbox::status;

namespace {

// "-": already so or meaningless, no event. "wait": kept by the runner for
// later. A number: refused with this status. A word: the event that follows.
constexpr auto expected_table = R"(
trigger          absent creating         started          stopping         stopped          starting         error              destroying     destroyed
start            404    -                -                409              StartRequested   -                400                409            404
stop             404    409              StopRequested    -                400              409              400                409            404
stop_now         404    409              StopRequested    StopRequested    400              409              400                409            404
recover          404    400              400              400              400              400              RecoveryRequested  400            404
destroy          404    DestroyRequested DestroyRequested DestroyRequested DestroyRequested DestroyRequested DestroyRequested   -              -
replace_labels   404    LabelsReplaced   LabelsReplaced   LabelsReplaced   LabelsReplaced   LabelsReplaced   LabelsReplaced     LabelsReplaced 404
rotate_signing_key 404  SigningKeyRotated SigningKeyRotated SigningKeyRotated SigningKeyRotated SigningKeyRotated SigningKeyRotated SigningKeyRotated 404
answered_running -      Started          -                Failed           -                Started          -                  -              -
answered_stopped -      Failed           -                Stopped          -                Failed           -                  -              -
answered_absent  -      Failed           -                Failed           -                Failed           -                  Destroyed      -
answered_failed  -      Failed           -                Failed           -                Failed           -                  -              -
saw_running      -      wait             -                wait             -                wait             -                  wait           -
saw_stopped      -      wait             Stopped          wait             -                wait             -                  wait           -
saw_broken       -      wait             Failed           wait             -                wait             -                  wait           -
saw_absent       -      wait             Failed           wait             Failed           wait             -                  wait           -
deadline         -      Failed           -                Failed           -                Failed           -                  DestroyRetried -
stale            -      -                -                -                -                -                -                  -              -
)";

// Where an event leads.
status state_after(const std::string& event, status before) {
  if (event == "StartRequested" || event == "RecoveryRequested")
    return status::starting;
  if (event == "StopRequested")
    return status::stopping;
  if (event == "DestroyRequested" || event == "DestroyRetried")
    return status::destroying;
  if (event == "Started")
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
  return ReplaceLabels{"sb-1", {{"c", "3"}}};
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
  if (trigger == "saw_running")
    return story.observation(Present::Running, schema::Cause::OutOfMemory);
  if (trigger == "saw_stopped")
    return story.observation(Present::Stopped, schema::Cause::HostRestarted);
  if (trigger == "saw_broken")
    return story.observation(Present::Stopped, schema::Cause::ToolboxDied);
  if (trigger == "saw_absent")
    return sandbox::RunnerListed{Present::Absent, story.now};
  if (trigger == "deadline")
    return sandbox::DeadlineReached{story.s.deadline};
  auto old = any_answer(story, Result::Done, Present::Running);
  old.report.version -= old.report.version == 0 ? 0 : 1;
  return old;
}

sandbox::input input_named(const std::string& trigger,
                           given::sandbox_story& story) {
  if (trigger.starts_with("answered") || trigger.starts_with("saw")
      || trigger == "deadline" || trigger == "stale")
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
    return "wait";
  if (d.value().entries.empty())
    return "-";
  REQUIRE(d.value().entries.size() == 1);
  std::string name = schema::EnumNameEvent(d.value().entries[0]->event.type);
  return name.substr(std::string{"Sandbox"}.size());
}

void check_cell(const std::string& trigger, status from,
                const std::string& expected) {
  auto story = given::sandbox_in(from);
  auto what = input_named(trigger, story);
  auto d = story.decide(what);
  CHECK(shown(d) == expected);
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
  CHECK((deadline != 0) == owes);
}

} // namespace

TEST_CASE("every state meets every trigger as the table says") {
  std::istringstream lines{expected_table};
  std::string line;
  std::size_t cells = 0;
  while (std::getline(lines, line)) {
    std::istringstream words{line};
    std::string trigger;
    if (!(words >> trigger) || trigger == "trigger")
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

TEST_CASE("the inputs of the table are judged to be its triggers") {
  for (std::size_t i = 0; i < sandbox::trigger_count; ++i) {
    auto wanted = static_cast<sandbox::trigger>(i);
    std::string name{sandbox::name_of(wanted)};
    // A state in which it is not stale.
    auto owed = name.starts_with("answered") || name == "deadline";
    auto story = given::sandbox_in(owed ? status::stopping : status::started);
    auto what = input_named(name, story);
    INFO(name);
    CHECK(sandbox::judge(story.s, what, story.context()) == wanted);
  }
}
