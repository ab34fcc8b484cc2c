#include <chrono>

#include <catch2/catch.hpp>

#include "runner/kernel/files.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

TEST_CASE("a sandbox is made, used and destroyed") {
  stand s;
  s.env["GREETING"] = "good morning";
  s.open();
  auto id = s.create();
  auto said = execute(s.runner(), id, "echo $GREETING; id -u; hostname");
  CHECK(said.exit_code == 0);
  CHECK(said.output == "good morning\n0\n" + id + "\n");
  auto gone = s.run(kind::Destroy, id);
  CHECK(gone.result == verdict::Done);
  CHECK(gone.present == present::Absent);
  auto stream = s.runner().connect_toolbox(id);
  REQUIRE(!stream);
  CHECK(stream.error().code == errc::guest_unreachable);
  CHECK(!exists(s.settings.data_dir + "/sandboxes/" + id));
}

TEST_CASE("an outcome of create names the toolbox and the journal") {
  stand s;
  s.open();
  auto operation = s.operation(kind::Create, new_id());
  auto version = operation.version;
  auto id = operation.id;
  auto outcome = s.run(std::move(operation));
  CHECK(outcome.result == verdict::Done);
  CHECK(outcome.operation_id == id);
  CHECK(outcome.version == version);
  CHECK(outcome.kind == kind::Create);
  CHECK(outcome.toolbox_version.find(VARVE_VERSION) != std::string::npos);
  CHECK(outcome.journal_id == s.runner().journal_id());
  CHECK(outcome.sequence > 0);
}

TEST_CASE("files survive a stop and a start, processes do not") {
  stand s;
  s.open();
  auto id = s.create();
  CHECK(execute(s.runner(), id, "echo kept > /root.txt").exit_code == 0);
  auto stopped = s.run(kind::Stop, id);
  CHECK(stopped.result == verdict::Done);
  CHECK(stopped.present == present::Stopped);
  CHECK(stopped.exit_code == 0);
  CHECK(!s.runner().connect_toolbox(id));
  auto started = s.run(kind::Start, id);
  INFO(started.error);
  CHECK(started.result == verdict::Done);
  CHECK(started.present == present::Running);
  CHECK(execute(s.runner(), id, "cat /root.txt").output == "kept\n");
}

TEST_CASE("a start takes the environment it is given") {
  stand s;
  s.env["MOOD"] = "first";
  s.open();
  auto id = s.create();
  s.run(kind::Stop, id);
  s.env["MOOD"] = "second";
  s.run(kind::Start, id);
  CHECK(execute(s.runner(), id, "echo $MOOD").output == "second\n");
}

TEST_CASE("stop waits for a guest that takes its time, force does not") {
  using clock = std::chrono::steady_clock;
  stand s;
  s.open();
  // Started in the background, it would hold the sandbox for ever.
  auto stubborn = "trap '' TERM; (while :; do sleep 1; done) "
                  "</dev/null >/dev/null 2>&1 &";
  auto gentle = s.create();
  CHECK(execute(s.runner(), gentle, stubborn).exit_code == 0);
  auto before = clock::now();
  CHECK(s.run(kind::Stop, gentle).result == verdict::Done);
  auto waited = clock::now() - before;
  CHECK(waited > std::chrono::milliseconds{4900});
  CHECK(waited < std::chrono::milliseconds{8000});

  auto forced = s.create();
  CHECK(execute(s.runner(), forced, stubborn).exit_code == 0);
  auto operation = s.operation(kind::Stop, forced);
  operation.force = true;
  before = clock::now();
  CHECK(s.run(std::move(operation)).result == verdict::Done);
  CHECK(clock::now() - before < std::chrono::milliseconds{2000});
}

TEST_CASE("a sandbox without image is refused and leaves nothing") {
  stand s;
  s.image = "nowhere";
  s.open();
  auto id = new_id();
  auto outcome = s.run(kind::Create, id);
  CHECK(outcome.result == verdict::Failed);
  CHECK(outcome.present == present::Absent);
  CHECK_FALSE(outcome.recoverable);
  CHECK(outcome.error.find("nowhere") != std::string::npos);
  CHECK(!exists(s.settings.data_dir + "/sandboxes/" + id));
}

TEST_CASE("an image with nothing in it still gives a sandbox") {
  stand s;
  s.image = "empty";
  s.open();
  auto id = s.create();
  CHECK(s.run(kind::Stop, id).result == verdict::Done);
  CHECK(s.run(kind::Start, id).result == verdict::Done);
}

TEST_CASE("a runtime that fails leaves files, and says why") {
  stand s;
  s.open();
  s.close();
  s.settings.runtime = "/bin/false";
  s.open();
  auto id = new_id();
  auto outcome = s.run(kind::Create, id);
  CHECK(outcome.result == verdict::Failed);
  CHECK(outcome.present == present::Stopped);
  CHECK(outcome.recoverable);
  CHECK(outcome.error.find("runtime") != std::string::npos);
  s.close();
  s.settings.runtime = "auto";
  s.open();
  CHECK(s.run(kind::Start, id).result == verdict::Done);
}

TEST_CASE("what does not exist can be destroyed but not started or stopped") {
  stand s;
  s.open();
  CHECK(s.run(kind::Destroy, new_id()).result == verdict::Done);
  auto started = s.run(kind::Start, new_id());
  CHECK(started.result == verdict::Failed);
  CHECK(started.present == present::Absent);
  auto stopped = s.run(kind::Stop, new_id());
  CHECK(stopped.result == verdict::Failed);
  CHECK(stopped.present == present::Absent);
}

TEST_CASE("an inventory names every sandbox and what it does") {
  stand s;
  s.open();
  auto running = s.create();
  auto stopped = s.create();
  s.run(kind::Stop, stopped);
  s.reports.clear();
  s.runner().request_inventory();
  auto inventory = s.reports.next_inventory();
  CHECK(inventory.runner_id == s.runner().runner_id());
  CHECK(inventory.journal_id == s.runner().journal_id());
  CHECK(inventory.taken_at > 0);
  REQUIRE(inventory.items.size() == 2);
  for (auto& item : inventory.items)
    CHECK(
        item->present
        == (item->sandbox_id == running ? present::Running : present::Stopped));
}
