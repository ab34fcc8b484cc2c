// Crashes, doubts, and a runner that loses, repeats and delays.
#include <catch2/catch.hpp>

#include "tests/actors/host_world.hpp"

using namespace varve;
using namespace std::chrono_literals;
using sandbox::status;

TEST_CASE("what was acknowledged is there after a crash, and goes on") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1", "one"));
  world.runner.loses_outcomes = true;
  world.must(given::creation("sb-2", "two"));
  CHECK(world.sandbox("sb-2").at == status::creating);
  world.crash();
  world.runner.loses_outcomes = false;
  world.restart();
  CHECK(world.sandbox("sb-1").at == status::started);
  CHECK(world.organization().by_name.size() == 2);
  // The operation is handed over again and has its first answer.
  world.run();
  CHECK(world.sandbox("sb-2").at == status::started);
  CHECK(world.ask(given::creation("sb-3", "two")).error().code
        == errc::conflict);
}

TEST_CASE("an operation the runner never got is handed over again") {
  host_world world;
  world.found();
  world.runner.loses_operations = true;
  world.must(given::creation("sb-1"));
  world.runner.loses_operations = false;
  world.advance(11s);
  CHECK(world.sandbox("sb-1").at == status::started);
  auto all = world.runner.of("sb-1");
  REQUIRE(all.size() == 1);
}

TEST_CASE("outcomes that come twice count once and are acknowledged") {
  host_world world;
  world.found();
  world.runner.duplicates = true;
  world.must(given::creation("sb-1"));
  world.must(StopSandbox{"sb-1", false});
  CHECK(world.sandbox("sb-1").version == 4);
  CHECK(world.runner.outbox.empty());
}

TEST_CASE("an outcome that comes after its deadline is corrected on the "
          "runner") {
  host_world world;
  world.found();
  world.runner.loses_outcomes = true;
  world.must(given::creation("sb-1"));
  world.advance(15min + 1s);
  CHECK(world.sandbox("sb-1").at == status::error);
  CHECK(world.runner.present.at("sb-1") == schema::Present::Running);
  world.runner.loses_outcomes = false;
  world.run();
  CHECK(world.sandbox("sb-1").at == status::error);
  CHECK(world.runner.present.at("sb-1") == schema::Present::Stopped);
  CHECK(world.runner.outbox.empty());
  world.must(RecoverSandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::started);
}

TEST_CASE("a failing runner leads to error with its reason") {
  host_world world;
  world.found();
  world.runner.result = schema::Result::Failed;
  world.runner.error = "no such image";
  world.must(given::creation("sb-1"));
  CHECK(world.sandbox("sb-1").at == status::error);
  auto last = world.stream("sb-1").back();
  const auto* failed = last->view().entries()->Get(0)->event_as_SandboxFailed();
  CHECK(failed->reason()->str() == "no such image");
  CHECK(last->view().cause() == schema::Cause::StartFailed);
}

TEST_CASE("a doubt about a commit is resolved and the command answered") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1"));
  auto mood = GENERATE(gate_log::mood::loses, gate_log::mood::keeps);
  world.log().next = mood;
  auto before = world.sandbox("sb-1").version;
  world.must(ReplaceLabels{"sb-1", {{"x", "y"}}});
  CHECK(world.sandbox("sb-1").version == before + 1);
  CHECK(world.sandbox("sb-1").labels.size() == 1);
  auto partition = log::partition_of("org-1");
  CHECK(world.store().head(partition).value().epoch == 2);
  // Every actor of the earlier term is built anew from the log.
  world.must(StopSandbox{"sb-1", false});
  world.must(StartSandbox{"sb-1"});
  world.must(given::creation("sb-2"));
  CHECK(world.sandbox("sb-2").at == status::started);
}

TEST_CASE("callbacks see each record once, in order, also through a doubt") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1"));
  world.log().next = gate_log::mood::keeps;
  world.must(ReplaceLabels{"sb-1", {{"x", "y"}}});
  world.must(ReplaceLabels{"sb-1", {{"x", "z"}}});
  std::map<std::uint16_t, std::uint64_t> next;
  for (const auto& r : world.committed)
    REQUIRE(r->at().index == ++next[r->at().partition]);
  for (const auto& [partition, last] : next)
    CHECK(last + 1 == world.store().head(partition).value().next_index);
}

TEST_CASE("a full disk refuses creation with the reason and lets delete "
          "through") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1"));
  world.log().room = log::disk_state::critical;
  CHECK(world.ask(given::creation("sb-2")).error().code == errc::log_full);
  CHECK(world.ask(ReplaceLabels{"sb-1", {}}).error().code == errc::log_full);
  world.must(DestroySandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::destroyed);
  world.log().room = log::disk_state::ample;
  world.must(given::creation("sb-2"));
}

TEST_CASE("an append refused for want of room is answered and forgotten") {
  host_world world;
  world.found();
  world.log().next = gate_log::mood::full;
  CHECK(world.ask(given::creation("sb-1")).error().code == errc::log_full);
  world.must(given::creation("sb-1"));
}

TEST_CASE("a repeated command is answered from what it led to") {
  host_world world;
  world.found();
  auto first = world.must(given::creation("sb-1", "one"), "again-1");
  // The gateway makes a new id each time; the name is taken by now.
  auto second = world.must(given::creation("sb-2", "one"), "again-1");
  CHECK(second.aggregate_id == "sb-1");
  CHECK(second.at == first.at);
  auto unnamed = world.must(given::creation("sb-3"), "again-1");
  CHECK(unnamed.aggregate_id == "sb-1");
  CHECK(world.stream("sb-3").empty());

  auto stop = world.must(StopSandbox{"sb-1", false}, "stop-1");
  auto version = world.sandbox("sb-1").version;
  CHECK(world.must(StopSandbox{"sb-1", false}, "stop-1").at >= stop.at);
  CHECK(world.sandbox("sb-1").version == version);
  world.must(StartSandbox{"sb-1"});
  CHECK(world.must(StopSandbox{"sb-1", false}, "stop-1").at == stop.at);
  CHECK(world.sandbox("sb-1").at == status::started);

  world.crash();
  world.restart();
  CHECK(world.must(given::creation("sb-4", "one"), "again-1").at == first.at);
}

TEST_CASE("the same command twice at once is decided once") {
  host_world world;
  world.found();
  auto first = world.submit(given::creation("sb-1"), "twice");
  auto second = world.submit(given::creation("sb-2"), "twice");
  world.run();
  REQUIRE(first->has_value());
  REQUIRE(second->has_value());
  REQUIRE((**first && **second));
  CHECK((*first)->value().aggregate_id == (*second)->value().aggregate_id);
  CHECK(world.organization().sandboxes.size() == 1);
}
