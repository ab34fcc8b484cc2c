// Timers through the whole host: deadlines on the log, the timer actor, the
// runner's word about use.
#include <catch2/catch.hpp>

#include "tests/actors/host_world.hpp"

using namespace varve;
using namespace std::chrono_literals;
using sandbox::status;

namespace {

CreateSandbox timed(std::int32_t auto_stop, std::int32_t auto_delete,
                    std::uint32_t ttl = 0) {
  auto c = given::creation("sb-1");
  c.timers.auto_stop = auto_stop;
  c.timers.auto_delete = auto_delete;
  c.ttl_minutes = ttl;
  return c;
}

schema::Cause last_cause(host_world& world) {
  return world.stream("sb-1").back()->view().cause();
}

} // namespace

TEST_CASE("an idle sandbox is stopped to the second") {
  host_world world;
  world.found();
  world.must(timed(2, -1));
  world.advance(119s);
  CHECK(world.sandbox("sb-1").at == status::started);
  world.advance(3s);
  CHECK(world.sandbox("sb-1").at == status::stopped);
  CHECK(last_cause(world) == schema::Cause::AutoStop);
  CHECK(world.organization().used.cpu_millis == 0);
}

TEST_CASE("one in use is asked about again when it may be idle") {
  host_world world;
  world.found();
  world.must(timed(2, -1));
  world.advance(60s);
  world.runner.used_at = world.now();
  world.advance(65s);
  CHECK(world.sandbox("sb-1").at == status::started);
  CHECK(world.sandbox("sb-1").used_at == world.runner.used_at);
  world.advance(58s);
  CHECK(world.sandbox("sb-1").at == status::stopped);
}

TEST_CASE("auto-stop survives a restart between two of its steps") {
  host_world world;
  world.found();
  world.must(timed(2, -1));
  world.advance(60s);
  world.crash();
  world.restart();
  world.runner.answers = false;
  world.advance(62s);
  CHECK(world.sandbox("sb-1").at == status::probing);
  world.crash();
  world.restart();
  world.runner.answers = true;
  world.advance(12s);
  CHECK(world.sandbox("sb-1").at == status::stopped);
}

TEST_CASE("an ephemeral sandbox is gone after it was stopped") {
  host_world world;
  world.found();
  world.must(timed(1, 0));
  world.advance(64s);
  CHECK(world.sandbox("sb-1").at == status::destroyed);
  CHECK_FALSE(world.organization().sandboxes.contains("sb-1"));
}

TEST_CASE("a time to live ends a sandbox that is in use") {
  host_world world;
  world.found();
  world.must(timed(0, -1, 3));
  world.runner.used_at = world.now() + 600'000;
  world.advance(178s);
  CHECK(world.sandbox("sb-1").at == status::started);
  world.advance(4s);
  CHECK(world.sandbox("sb-1").at == status::destroyed);
}

TEST_CASE("timers that are set take the place of those before") {
  host_world world;
  world.found();
  world.must(timed(60, -1));
  world.must(SetTimers{"sb-1", 1, {}, {}, {}});
  world.advance(63s);
  CHECK(world.sandbox("sb-1").at == status::stopped);
  world.must(SetTimers{"sb-1", {}, {}, 1, {}});
  world.advance(62s);
  CHECK(world.sandbox("sb-1").at == status::destroyed);
}

TEST_CASE("a paused sandbox keeps its quota and starts where it was") {
  host_world world;
  world.found();
  world.must(timed(0, -1));
  auto held = world.organization().used;
  world.must(PauseSandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::paused);
  CHECK(world.organization().used == held);
  world.must(StartSandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::started);
}

TEST_CASE("a resize counts for the quota and reaches the runner") {
  host_world world;
  world.found();
  world.must(timed(0, -1));
  world.must(ResizeSandbox{"sb-1", 2000, {}});
  CHECK(world.sandbox("sb-1").at == status::started);
  auto last = world.runner.operations.back();
  CHECK(last.kind == schema::OperationKind::Adjust);
  CHECK(last.spec->resources->cpu_millis() == 2000);
  CHECK(world.organization().used.cpu_millis == 2000);
}
