// What a runner has against what the log says.
#include <catch2/catch.hpp>

#include "tests/actors/host_world.hpp"

using namespace varve;
using namespace std::chrono_literals;
using sandbox::status;
using schema::Present;

namespace {

// A world whose host knows what is placed where, as a projection would.
struct inventory_world : host_world {
  inventory_world()
      : host_world([this](host::host_options& options) {
          options.placed_on = [this](std::string_view runner_id) {
            return placed(runner_id);
          };
        }) {
    found();
  }

  result<std::vector<host::placed_sandbox>> placed(std::string_view) {
    std::vector<host::placed_sandbox> out;
    for (const auto& id : known) {
      auto s = sandbox(id);
      if (s.at != status::destroyed)
        out.push_back({id, s.at});
    }
    return out;
  }

  void create(const std::string& id) {
    must(given::creation(id));
    known.push_back(id);
    advance(1s);
  }

  void take_inventory() {
    host().inventory(runner.inventory(now()));
    run();
  }

  schema::Cause last_cause(const std::string& id) {
    return stream(id).back()->view().cause();
  }

  std::vector<std::string> known;
};

} // namespace

TEST_CASE("an inventory that agrees wakes nobody") {
  inventory_world world;
  world.create("sb-1");
  auto version = world.sandbox("sb-1").version;
  auto operations = world.runner.operations.size();
  world.take_inventory();
  CHECK(world.sandbox("sb-1").version == version);
  CHECK(world.runner.operations.size() == operations);
}

TEST_CASE("what the runner lost is in error, for good") {
  inventory_world world;
  world.create("sb-1");
  world.runner.present.erase("sb-1");
  world.take_inventory();
  CHECK(world.sandbox("sb-1").at == status::error);
  CHECK_FALSE(world.sandbox("sb-1").recoverable);
  CHECK(world.last_cause("sb-1") == schema::Cause::Inventory);
}

TEST_CASE("what does not run although the log says so is stopped") {
  inventory_world world;
  world.create("sb-1");
  world.runner.present["sb-1"] = Present::Stopped;
  world.take_inventory();
  CHECK(world.sandbox("sb-1").at == status::stopped);
  CHECK(world.last_cause("sb-1") == schema::Cause::Inventory);
}

TEST_CASE("what runs although the log says it is stopped is stopped on the "
          "runner") {
  inventory_world world;
  world.create("sb-1");
  world.must(StopSandbox{"sb-1", false});
  world.advance(1s);
  world.runner.present["sb-1"] = Present::Running;
  world.take_inventory();
  CHECK(world.sandbox("sb-1").at == status::stopped);
  CHECK(world.runner.present.at("sb-1") == Present::Stopped);
}

TEST_CASE("what the log does not know is destroyed on the runner") {
  inventory_world world;
  world.create("sb-1");
  world.must(DestroySandbox{"sb-1"});
  world.runner.present["sb-1"] = Present::Stopped;
  world.runner.present["stray"] = Present::Running;
  world.take_inventory();
  CHECK(world.runner.present.empty());
  CHECK(world.stream("stray").empty());
  CHECK(world.sandbox("sb-1").at == status::destroyed);
}

TEST_CASE("an operation under way is not disturbed by an inventory") {
  inventory_world world;
  world.create("sb-1");
  world.runner.answers = false;
  world.must(StopSandbox{"sb-1", false});
  world.must(given::creation("sb-2"));
  world.known.push_back("sb-2");
  world.take_inventory();
  CHECK(world.sandbox("sb-1").at == status::stopping);
  CHECK(world.sandbox("sb-2").at == status::creating);
}

TEST_CASE("an inventory taken before a change does not undo it") {
  inventory_world world;
  auto old = world.runner.inventory(world.now());
  world.create("sb-1");
  world.host().inventory(std::move(old));
  world.run();
  CHECK(world.sandbox("sb-1").at == status::started);
}

TEST_CASE("a dead toolbox is an error with a cause, recoverable") {
  inventory_world world;
  world.create("sb-1");
  schema::ObservationT seen;
  seen.sandbox_id = "sb-1";
  seen.present = Present::Stopped;
  seen.cause = schema::Cause::ToolboxDied;
  seen.detail = "PID 1 was killed";
  seen.journal_id = "journal-1";
  seen.sequence = world.runner.next_sequence("sb-1");
  world.host().observation(seen);
  world.run();
  CHECK(world.sandbox("sb-1").at == status::error);
  CHECK(world.last_cause("sb-1") == schema::Cause::ToolboxDied);
  CHECK(world.runner.acknowledged.contains({"sb-1", seen.sequence}));
  world.must(RecoverSandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::started);
  // The same report again changes nothing.
  world.host().observation(seen);
  world.run();
  CHECK(world.sandbox("sb-1").at == status::started);
}

TEST_CASE("an observation during an operation is not acknowledged yet") {
  inventory_world world;
  world.create("sb-1");
  world.runner.answers = false;
  world.must(StopSandbox{"sb-1", false});
  schema::ObservationT seen;
  seen.sandbox_id = "sb-1";
  seen.present = Present::Stopped;
  seen.cause = schema::Cause::Exited;
  seen.journal_id = "journal-1";
  seen.sequence = 99;
  world.host().observation(seen);
  world.run();
  CHECK_FALSE(world.runner.acknowledged.contains({"sb-1", 99}));
}
