// Pausing and resuming, changing what a running sandbox may use, and stopping
// only what is idle.
#include <catch2/catch.hpp>

#include "events/base/clock.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

namespace {

// Counts for as long as it runs.
// The file is replaced, so that nobody reads it empty.
std::string counter =
    "sh -c 'i=0; while :; do i=$((i+1)); echo $i > /new; mv /new /count; "
    "sleep 0.05; done' >/dev/null 2>&1 &";

void check_done(const schema::OutcomeT& outcome, present now) {
  INFO(outcome.error);
  CHECK(outcome.result == verdict::Done);
  CHECK(outcome.present == now);
}

schema::OutcomeT stop_if_idle(stand& s, const std::string& id,
                              timestamp since) {
  auto operation = s.operation(kind::Stop, id);
  operation.idle_since = since;
  return s.run(std::move(operation));
}

timestamp now() {
  return system_clock{}.now();
}

} // namespace

TEST_CASE("a paused sandbox stands still and goes on where it was") {
  stand s;
  s.open();
  auto id = s.create();
  REQUIRE(execute(s.runner(), id, counter).exit_code == 0);
  check_done(s.run(kind::Pause, id), present::Paused);
  auto count = [&] {
    return std::stoi(execute(s.runner(), id, "cat /count").output);
  };
  // Its toolbox takes the connection and says nothing.
  auto stream = s.runner().connect_toolbox(id);
  REQUIRE(stream);
  unique_fd waits{stream.value()};
  check_done(s.run(kind::Pause, id), present::Paused);
  check_done(s.run(kind::Resume, id), present::Running);
  auto before = count();
  CHECK(execute(s.runner(), id, "sleep 0.3").exit_code == 0);
  CHECK(count() > before);
}

TEST_CASE("a paused sandbox is stopped, and destroyed") {
  stand s;
  s.open();
  auto stopped = s.create();
  auto destroyed = s.create();
  check_done(s.run(kind::Pause, stopped), present::Paused);
  check_done(s.run(kind::Pause, destroyed), present::Paused);
  check_done(s.run(kind::Stop, stopped), present::Stopped);
  check_done(s.run(kind::Start, stopped), present::Running);
  CHECK(execute(s.runner(), stopped, "true").exit_code == 0);
  check_done(s.run(kind::Destroy, destroyed), present::Absent);
}

TEST_CASE("a paused sandbox is paused still for the next server") {
  stand s;
  s.open();
  auto id = s.create();
  check_done(s.run(kind::Pause, id), present::Paused);
  s.close();
  s.reports.clear();
  s.open();
  auto inventory = s.reports.next_inventory();
  REQUIRE(inventory.items.size() == 1);
  CHECK(inventory.items[0]->present == present::Paused);
  check_done(s.run(kind::Resume, id), present::Running);
  CHECK(execute(s.runner(), id, "true").exit_code == 0);
}

TEST_CASE("what does not run cannot be paused") {
  stand s;
  s.open();
  auto id = s.create();
  s.run(kind::Stop, id);
  auto outcome = s.run(kind::Pause, id);
  CHECK(outcome.result == verdict::Failed);
  CHECK(outcome.present == present::Stopped);
}

TEST_CASE("a running sandbox gets other limits, up and down") {
  stand s;
  s.open();
  auto id = s.create();
  // `tail` keeps the line, or is ended for want of memory.
  auto hungry = "(head -c 300m /dev/zero | tail | wc -c) 2>/dev/null";
  CHECK(execute(s.runner(), id, hungry).output == "0\n");
  s.memory_mib = 1024;
  check_done(s.run(kind::Adjust, id), present::Running);
  CHECK(execute(s.runner(), id, hungry).output != "0\n");
  s.memory_mib = 256;
  check_done(s.run(kind::Adjust, id), present::Running);
  CHECK(execute(s.runner(), id, hungry).output == "0\n");
}

TEST_CASE("a sandbox that was not used since is stopped as idle") {
  stand s;
  s.open();
  auto id = s.create();
  auto old = stop_if_idle(s, id, 1);
  CHECK(old.result == verdict::Busy); // a runner that just began knows nothing
  CHECK(old.present == present::Running);
  s.runner().note_use(id, now());
  auto used = stop_if_idle(s, id, now() - 60'000);
  CHECK(used.result == verdict::Busy);
  CHECK(used.last_used + 60'000 > now());
  check_done(stop_if_idle(s, id, now() + 1), present::Stopped);
}

TEST_CASE("a command at work is no idleness, though nobody is connected") {
  stand s;
  s.open();
  auto id = s.create();
  auto ask = [&](const char* method, const char* path, const char* body) {
    auto stream = s.runner().connect_toolbox(id);
    REQUIRE(stream);
    unique_fd fd{stream.value()};
    return request(fd.get(), method, path, body);
  };
  ask("POST", "/process/session", R"({"sessionId":"w"})");
  ask("POST", "/process/session/w/exec",
      R"({"command":"sleep 60","runAsync":true})");
  auto busy = stop_if_idle(s, id, now() + 1000);
  CHECK(busy.result == verdict::Busy);
  CHECK(busy.last_used + 5000 > now());
  auto pause = s.operation(kind::Pause, id);
  pause.idle_since = now() + 1000;
  CHECK(s.run(std::move(pause)).result == verdict::Busy);
  ask("DELETE", "/process/session/w", "");
  check_done(stop_if_idle(s, id, now() + 1000), present::Stopped);
}
