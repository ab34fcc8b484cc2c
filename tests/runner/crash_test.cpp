// The server ends between every two steps of every operation, as with
// kill -9; the next one finds out and the owner sends the operation again.
#include <cstdlib>

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include "runner/kernel/process.hpp"
#include "runner/operations/crash_point.hpp"
#include "tests/runner/host_state.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

namespace {

std::string name_of(const std::string& point) {
  return point.substr(0, point.find('.'));
}

kind kind_of(const std::string& point) {
  auto name = name_of(point);
  if (name == "create" || name == "fork")
    return kind::Create;
  if (name == "start")
    return kind::Start;
  if (name == "pause")
    return kind::Pause;
  if (name == "resume")
    return kind::Resume;
  if (name == "adjust")
    return kind::Adjust;
  if (name == "archive")
    return kind::Archive;
  if (name == "restore")
    return kind::Restore;
  return name == "stop" ? kind::Stop : kind::Destroy;
}

present aim_of(kind k) {
  switch (k) {
  case kind::Create:
  case kind::Start:
  case kind::Resume:
  case kind::Adjust:
  case kind::Restore:
    return present::Running;
  case kind::Archive:
    return present::Archived;
  case kind::Pause:
    return present::Paused;
  case kind::Stop:
    return present::Stopped;
  case kind::Resolve:
  case kind::Pull:
  case kind::Build:
  case kind::Release:
  case kind::Destroy:
  case kind::None:
    break;
  }
  return present::Absent;
}

// A server of its own process that dies at the point.
void die_at(const std::string& point, const stand& s,
            const schema::OperationT& operation) {
  auto victim = spawn(
      {VARVE_VICTIM, s.settings.data_dir, s.settings.run_dir,
       s.settings.toolbox_path, s.settings.monitor_path,
       std::to_string(static_cast<int>(operation.kind)), operation.sandbox_id,
       operation.id, std::to_string(operation.version), s.image, "0",
       operation.spec ? operation.spec->fork_of : ""},
      {"VARVE_CRASH_AT=" + point, "PATH=/usr/sbin:/usr/bin"}, {});
  REQUIRE(victim);
  int status = 0;
  REQUIRE(::waitpid(victim.value(), &status, 0) == victim.value());
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 137);
}

// A sandbox in the state that the operation expects; with a file in it.
std::string prepare(stand& s, kind k) {
  if (k == kind::Create)
    return new_id();
  auto id = s.create();
  execute(s.runner(), id, "echo kept > /kept");
  if (k == kind::Start || k == kind::Archive || k == kind::Restore)
    s.run(kind::Stop, id);
  if (k == kind::Restore)
    s.run(kind::Archive, id);
  if (k == kind::Resume)
    s.run(kind::Pause, id);
  return id;
}

// The operation that dies there, and what it begins with.
struct trial {
  schema::OperationT operation;
  std::string source; // of a fork, which runs
};

trial make_trial(stand& s, const std::string& point) {
  trial out;
  auto k = kind_of(point);
  auto id = prepare(s, k);
  if (name_of(point) == "fork") {
    out.source = s.create();
    execute(s.runner(), out.source, "echo kept > /kept");
  }
  out.operation = s.operation(k, id);
  if (!out.source.empty())
    out.operation.spec->fork_of = out.source;
  return out;
}

// It was frozen to be copied, perhaps, and runs on.
void check_source(stand& s, const std::string& source) {
  if (source.empty())
    return;
  CHECK(execute(s.runner(), source, "echo alive").output == "alive\n");
  CHECK(s.run(kind::Destroy, source).result == verdict::Done);
}

void check_use(stand& s, const std::string& id, kind k) {
  if (k == kind::Archive)
    CHECK(s.run(kind::Restore, id).result == verdict::Done);
  if (k == kind::Stop)
    CHECK(s.run(kind::Start, id).result == verdict::Done);
  if (k == kind::Pause)
    CHECK(s.run(kind::Resume, id).result == verdict::Done);
  if (k != kind::Destroy)
    CHECK(execute(s.runner(), id, "echo alive").output == "alive\n");
  if (k == kind::Start || k == kind::Stop || k == kind::Archive
      || k == kind::Restore)
    CHECK(execute(s.runner(), id, "cat /kept").output == "kept\n");
}

// What the first of each kind makes for all that follow.
void make_lasting(stand& s) {
  auto id = s.create();
  CHECK(s.run(kind::Pause, id).result == verdict::Done);
  CHECK(s.run(kind::Destroy, id).result == verdict::Done);
}

} // namespace

TEST_CASE("an operation that died at any step is done when sent again") {
  stand s;
  s.settings.ready_disks = 0; // none lives for long
  s.open();
  make_lasting(s);
  auto before = host_state(s.settings);
  for (auto& point : crash_points()) {
    INFO(point);
    auto k = kind_of(point);
    auto [operation, source] = make_trial(s, point);
    auto id = operation.sandbox_id;
    s.close();
    die_at(point, s, operation);
    s.reports.clear();
    s.open();
    auto outcome = s.run(operation);
    INFO(outcome.error);
    CHECK(outcome.result == verdict::Done);
    CHECK(outcome.present == aim_of(k));
    check_use(s, id, k);
    if (!source.empty())
      CHECK(execute(s.runner(), id, "cat /kept").output == "kept\n");
    check_source(s, source);
    CHECK(s.run(kind::Destroy, id).result == verdict::Done);
    CHECK(changes(before, host_state(s.settings)) == "");
  }
}

TEST_CASE("an operation that died and is never sent again leaves a sandbox "
          "whole or nothing at all") {
  stand s;
  s.settings.ready_disks = 0; // none lives for long
  s.open();
  make_lasting(s);
  auto before = host_state(s.settings);
  for (auto& point : crash_points()) {
    INFO(point);
    auto [operation, source] = make_trial(s, point);
    auto id = operation.sandbox_id;
    s.close();
    die_at(point, s, operation);
    s.reports.clear();
    s.open();
    check_source(s, source);
    // What the runner finishes on its own is done before this is answered.
    CHECK(s.run(kind::Destroy, id).result == verdict::Done);
    CHECK(changes(before, host_state(s.settings)) == "");
  }
}
