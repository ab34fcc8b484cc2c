// A hundred creates and destroys leave the host as it was.
#include <catch2/catch.hpp>

#include "tests/runner/host_state.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;

TEST_CASE("nothing is left of a hundred sandboxes") {
  stand s;
  s.open();
  // The first one warms up what stays: threads, caches, the journal's files.
  s.run(kind::Destroy, s.create());
  auto before = host_state(s.settings);
  auto descriptors = count_descriptors();
  constexpr int rounds = 25, at_once = 4;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::string> sandboxes, operations;
    for (int i = 0; i < at_once; ++i) {
      auto operation = s.operation(kind::Create, new_id());
      sandboxes.push_back(operation.sandbox_id);
      operations.push_back(operation.id);
      s.runner().submit(std::move(operation));
    }
    for (auto& id : operations)
      REQUIRE(s.reports.outcome_of(id).result == schema::Result::Done);
    operations.clear();
    // A half of them is stopped first, or killed by what runs inside.
    if (round % 2 == 0)
      s.run(kind::Stop, sandboxes[0]);
    for (auto& id : sandboxes) {
      auto operation = s.operation(kind::Destroy, id);
      operations.push_back(operation.id);
      s.runner().submit(std::move(operation));
    }
    for (auto& id : operations)
      REQUIRE(s.reports.outcome_of(id).result == schema::Result::Done);
  }
  CHECK(changes(before, host_state(s.settings)) == "");
  CHECK(count_descriptors() == descriptors);
}

TEST_CASE("with runc sandboxes live and leave nothing, too") {
  stand s;
  s.settings.runtime = "runc";
  s.open();
  s.run(kind::Destroy, s.create());
  auto before = host_state(s.settings);
  auto id = s.create();
  CHECK(execute(s.runner(), id, "echo $((6 * 7))").output == "42\n");
  CHECK(execute(s.runner(), id, "unshare -U true").exit_code != 0);
  CHECK(s.run(kind::Stop, id).result == schema::Result::Done);
  CHECK(s.run(kind::Start, id).result == schema::Result::Done);
  CHECK(s.run(kind::Destroy, id).result == schema::Result::Done);
  CHECK(changes(before, host_state(s.settings)) == "");
}

TEST_CASE("nothing of a server is left after a purge, sandboxes or not") {
  stand s;
  s.open();
  auto stopped = s.create();
  s.run(kind::Stop, stopped);
  s.create();
  s.close();
  REQUIRE(purge(s.settings));
  for (auto& line : host_state(s.settings)) {
    INFO(line);
    CHECK((line.find(s.settings.data_dir) != std::string::npos
           || line == s.settings.run_dir || line.rfind("nft: ", 0) == 0));
    CHECK(line.find("/sandboxes") == std::string::npos);
    CHECK(line.find("/journal") == std::string::npos);
    CHECK(line.find("chain") == std::string::npos);
  }
}

TEST_CASE("stopping all ends every sandbox and keeps their files") {
  stand s;
  s.open();
  auto id = s.create();
  execute(s.runner(), id, "echo kept > /kept");
  s.close();
  REQUIRE(stop_all(s.settings));
  s.reports.clear();
  s.open();
  CHECK_FALSE(s.runner().connect_toolbox(id));
  CHECK(s.run(kind::Start, id).result == schema::Result::Done);
  CHECK(execute(s.runner(), id, "cat /kept").output == "kept\n");
}

TEST_CASE("a data directory that a server has open is left alone") {
  stand s;
  s.open();
  auto id = s.create();
  CHECK_FALSE(purge(s.settings));
  CHECK_FALSE(stop_all(s.settings));
  CHECK(execute(s.runner(), id, "echo alive").output == "alive\n");
}
