// Deadlines, passivation, bounds and leaving.
#include <catch2/catch.hpp>

#include "tests/actors/host_world.hpp"

using namespace varve;
using namespace std::chrono_literals;
using sandbox::status;

TEST_CASE("a deadline passes at its time and not before") {
  host_world world;
  world.found();
  world.runner.answers = false;
  world.must(given::creation("sb-1"));
  world.advance(15min - 1s);
  CHECK(world.sandbox("sb-1").at == status::creating);
  world.advance(2s);
  CHECK(world.sandbox("sb-1").at == status::error);
  auto last = world.stream("sb-1").back();
  CHECK(last->view().cause() == schema::Cause::Deadline);
  CHECK(last->view().principal()->str() == "timer");
}

TEST_CASE("deadlines survive a restart") {
  host_world world;
  world.found();
  world.runner.answers = false;
  world.must(given::creation("sb-1"));
  world.advance(7min);
  world.crash();
  world.restart();
  world.advance(8min - 1s);
  CHECK(world.sandbox("sb-1").at == status::creating);
  world.advance(3s);
  CHECK(world.sandbox("sb-1").at == status::error);
}

TEST_CASE("a destroy that is not answered is asked for again with a new "
          "operation") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1"));
  world.runner.answers = false;
  world.must(DestroySandbox{"sb-1"});
  CHECK_FALSE(world.organization().sandboxes.contains("sb-1"));
  world.advance(35s);
  CHECK(world.sandbox("sb-1").attempt == 1);
  std::set<std::string> ids;
  for (const auto& o : world.runner.of("sb-1"))
    if (o.kind == schema::OperationKind::Destroy)
      ids.insert(o.id);
  CHECK(ids.size() == 2);
  world.runner.answers = true;
  world.advance(11s);
  CHECK(world.sandbox("sb-1").at == status::destroyed);
}

TEST_CASE("many deadlines at once are all met") {
  host_world world;
  world.found();
  world.runner.answers = false;
  for (int i = 0; i < 300; ++i)
    world.must(given::creation("sb-" + std::to_string(i)));
  world.advance(15min + 2s);
  for (int i = 0; i < 300; ++i)
    REQUIRE(world.sandbox("sb-" + std::to_string(i)).at == status::error);
}

TEST_CASE("idle aggregates leave memory and come back when asked for") {
  host_world world([](auto& options) { options.idle = 60s; });
  world.found();
  world.must(given::creation("sb-1"));
  CHECK(world.host().aggregates_in_memory() == 2);
  world.advance(70s);
  CHECK(world.host().aggregates_in_memory() == 0);
  world.must(StopSandbox{"sb-1", false});
  CHECK(world.host().aggregates_in_memory() == 1); // stopping admits nothing
  world.must(StartSandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::started);
}

TEST_CASE("used aggregates stay in memory") {
  host_world world([](auto& options) { options.idle = 60s; });
  world.found();
  world.must(given::creation("sb-1"));
  for (int i = 0; i < 10; ++i) {
    world.advance(30s);
    world.must(ReplaceLabels{"sb-1", {{"i", std::to_string(i)}}});
  }
  CHECK(world.host().aggregates_in_memory() == 1);
}

TEST_CASE("everything that waits goes into one append") {
  host_world world;
  world.found();
  for (int i = 0; i < 20; ++i)
    world.must(given::creation("sb-" + std::to_string(i)));
  world.log().batches.clear();
  std::vector<answer_place> places;
  for (int i = 0; i < 20; ++i)
    places.push_back(
        world.submit(ReplaceLabels{"sb-" + std::to_string(i), {{"a", "b"}}}));
  world.run();
  for (const auto& place : places)
    CHECK(place->value());
  CHECK(world.log().batches.size() <= 2);
}

TEST_CASE("too many commands in flight are refused before any actor sees "
          "them") {
  host_world world([](auto& options) {
    options.node_limit = 5;
    options.organization_limit = 4;
    options.aggregate_limit = 3;
  });
  world.found();
  world.must(given::creation("sb-1"));
  std::vector<answer_place> places;
  for (int i = 0; i < 6; ++i)
    places.push_back(world.submit(ReplaceLabels{"sb-1", {{"a", "b"}}}));
  for (int i = 3; i < 6; ++i) {
    REQUIRE(places[i]->has_value());
    CHECK((*places[i])->error().code == errc::too_busy);
  }
  world.run();
  for (int i = 0; i < 3; ++i)
    CHECK(places[i]->value());
  CHECK(world.host().in_flight() == 0);
}

TEST_CASE("after closing commands are refused and those in flight settle") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1"));
  auto before = world.submit(ReplaceLabels{"sb-1", {{"a", "b"}}});
  world.host().close();
  auto after = world.submit(StopSandbox{"sb-1", false});
  REQUIRE(after->has_value());
  CHECK((*after)->error().code == errc::shutting_down);
  world.run();
  REQUIRE(before->has_value());
  CHECK(before->value());
}

TEST_CASE("a command that cannot be answered because the host ends is "
          "answered all the same") {
  answer_place place;
  {
    host_world world;
    world.found();
    world.must(given::creation("sb-1"));
    place = world.submit(ReplaceLabels{"sb-1", {{"a", "b"}}});
    world.crash();
  }
  REQUIRE(place->has_value());
  CHECK(!place->value());
}

TEST_CASE("ids that are missing or far too long are refused") {
  host_world world;
  world.found();
  CHECK(world.ask(StopSandbox{"", false}).error().code == errc::invalid);
  CHECK(world.ask(StopSandbox{std::string(200, 'x'), false}).error().code
        == errc::invalid);
}
