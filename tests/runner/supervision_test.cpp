// Sandboxes that end although nobody asked, and servers that end although
// sandboxes run.
#include <csignal>

#include <catch2/catch.hpp>

#include "runner/kernel/files.hpp"
#include "runner/kernel/process.hpp"
#include "runner/monitor/run_state.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;
using std::chrono::steady_clock;

namespace {

std::string run_of(const stand& s, const std::string& id) {
  auto instance = read_file(s.settings.data_dir + "/instance");
  REQUIRE(instance);
  return s.settings.run_dir + "/" + instance.value().substr(0, 6)
         + "/sandboxes/" + id;
}

process_id named(const stand& s, const std::string& id, const char* what) {
  auto found = read_process(run_of(s, id) + "/" + what);
  REQUIRE(found);
  return found.value();
}

void kill_exactly(const process_id& id) {
  auto fd = open_process(id);
  REQUIRE(fd);
  signal_process(fd.value().get(), SIGKILL);
  REQUIRE(wait_for_end(fd.value().get(), std::chrono::seconds{5}));
}

} // namespace

TEST_CASE("a killed PID 1 is noticed at once, and can be started again") {
  stand s;
  s.open();
  auto id = s.create();
  execute(s.runner(), id, "echo kept > /kept");
  auto before = steady_clock::now();
  kill_exactly(named(s, id, "started"));
  auto seen = s.reports.observation_of(id);
  CHECK(steady_clock::now() - before < std::chrono::seconds{5});
  CHECK(seen.present == present::Stopped);
  CHECK(seen.cause == schema::Cause::ToolboxDied);
  CHECK(seen.exit_code == 128 + SIGKILL);
  CHECK(seen.journal_id == s.runner().journal_id());
  CHECK(seen.sequence > 0);
  CHECK(s.run(kind::Start, id).result == verdict::Done);
  CHECK(execute(s.runner(), id, "cat /kept").output == "kept\n");
}

TEST_CASE("a process that asked for too much memory is told of by name") {
  stand s;
  s.open();
  auto id = s.create();
  execute(s.runner(), id, "tail /dev/zero");
  auto after = steady_clock::now();
  auto seen = s.reports.observation_of(id);
  CHECK(steady_clock::now() - after < std::chrono::seconds{5});
  CHECK(seen.present == present::Running);
  CHECK(seen.cause == schema::Cause::OutOfMemory);
  CHECK(seen.detail == "tail");
  CHECK(seen.exit_code == 128 + SIGKILL);
  CHECK(execute(s.runner(), id, "echo alive").output == "alive\n");
}

TEST_CASE("a monitor's death takes nothing with it but how the end came") {
  stand s;
  s.open();
  auto id = s.create();
  kill_exactly(named(s, id, "monitor"));
  CHECK(execute(s.runner(), id, "echo alive").output == "alive\n");
  CHECK_FALSE(s.reports.has_observation(id));
  kill_exactly(named(s, id, "started"));
  auto seen = s.reports.observation_of(id);
  CHECK(seen.present == present::Stopped);
  CHECK(seen.exit_code == -1);
}

TEST_CASE("sandboxes are the same processes after the server began anew") {
  stand s;
  s.open();
  auto id = s.create();
  auto pid_1 = named(s, id, "started");
  s.close();
  s.open();
  CHECK(named(s, id, "started") == pid_1);
  CHECK(execute(s.runner(), id, "echo alive").output == "alive\n");
  CHECK_FALSE(s.reports.has_observation(id));
  kill_exactly(pid_1);
  CHECK(s.reports.observation_of(id).cause == schema::Cause::ToolboxDied);
}

TEST_CASE("a sandbox that ended while no server ran is told of") {
  stand s;
  s.open();
  auto id = s.create();
  auto pid_1 = named(s, id, "started");
  s.close();
  kill_exactly(pid_1);
  s.open();
  auto seen = s.reports.observation_of(id);
  CHECK(seen.present == present::Stopped);
  CHECK(seen.cause == schema::Cause::ToolboxDied);
  CHECK(s.run(kind::Start, id).result == verdict::Done);
}

TEST_CASE("after a restart of the machine what ran is stopped, files intact") {
  stand s;
  auto boot = s.settings.data_dir + "-boot";
  s.settings.boot_id_file = boot;
  REQUIRE(write_file(boot, "first\n"));
  s.open();
  auto ran = s.create();
  auto slept = s.create();
  execute(s.runner(), ran, "echo kept > /kept");
  s.run(kind::Stop, slept);
  s.close();
  REQUIRE(write_file(boot, "second\n"));
  s.reports.clear();
  s.open();
  auto seen = s.reports.observation_of(ran);
  CHECK(seen.present == present::Stopped);
  CHECK(seen.cause == schema::Cause::HostRestarted);
  CHECK(seen.exit_code == -1);
  CHECK_FALSE(s.reports.has_observation(slept));
  CHECK(s.run(kind::Start, ran).result == verdict::Done);
  CHECK(execute(s.runner(), ran, "cat /kept").output == "kept\n");
}

namespace {

// A runtime that never comes to an end.
struct stuck_stand : stand {
  stuck_stand() {
    auto script = settings.data_dir + "-stuck";
    REQUIRE(write_file(script, "#!/bin/sh\nexec sleep 600\n", 0755));
    settings.runtime = script;
    settings.concurrent_starts = 1;
    open();
  }

  // Submits without waiting; the operation's id.
  std::string submit(kind what, const std::string& sandbox) {
    auto operation = this->operation(what, sandbox);
    auto id = operation.id;
    runner().submit(std::move(operation));
    return id;
  }
};

} // namespace

TEST_CASE_METHOD(stuck_stand, "a start that takes too long is ended, and all "
                              "that it began") {
  auto id = new_id();
  auto operation = this->operation(kind::Create, id);
  operation.timeout_ms = 500;
  auto before = steady_clock::now();
  auto outcome = run(std::move(operation));
  CHECK(steady_clock::now() - before < std::chrono::seconds{5});
  CHECK(outcome.result == verdict::Failed);
  CHECK(outcome.present == present::Stopped);
  CHECK(outcome.recoverable);
  CHECK(!exists(run_of(*this, id)));
}

TEST_CASE_METHOD(stuck_stand, "stop and destroy wait for no start") {
  auto stuck = new_id(), queued = new_id();
  auto first = submit(kind::Create, stuck);
  auto second = submit(kind::Create, queued);
  auto before = steady_clock::now();
  auto gone = run(kind::Destroy, queued);
  CHECK(gone.result == verdict::Done);
  CHECK(gone.present == present::Absent);
  CHECK(reports.outcome_of(second).result == verdict::Refused);
  auto stopped = run(kind::Stop, stuck);
  CHECK(stopped.result == verdict::Done);
  CHECK(stopped.present == present::Stopped);
  CHECK(reports.outcome_of(first).result == verdict::Failed);
  CHECK(steady_clock::now() - before < std::chrono::seconds{5});
}
