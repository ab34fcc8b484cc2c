// What is held of a quota, and by whom.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <catch2/catch.hpp>

#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;

namespace {

sandbox_view add(gateway_fixture& g, sandbox_state state) {
  return g.world.add_sandbox(fake_world::home, state);
}

double number(const boost::json::object& from, const char* member) {
  return from.at(member).to_number<double>();
}

} // namespace

TEST_CASE("usage counts what each state holds, as the decisions do") {
  gateway_fixture g;
  auto one = add(g, sandbox_state::started).resources;
  add(g, sandbox_state::paused);
  add(g, sandbox_state::stopped);
  add(g, sandbox_state::error);
  add(g, sandbox_state::destroying);
  g.world.add_sandbox("0b9a7c1e-0000-4000-8000-00000000000b");
  auto page = g.call("GET", "/api/varve/usage");
  REQUIRE(page.status == 200);
  auto body = page.json();
  const auto& used = body.at("used").as_object();
  CHECK(number(used, "cpu") == 2 * one.cpu_millis() / 1000.0);
  CHECK(number(used, "memory") == 2 * one.memory_mib() / 1024.0);
  CHECK(number(used, "disk") == 3 * one.disk_gib());
  CHECK(number(used, "sandboxes") == 4);
  CHECK(body.at("holders").as_array().size() == 4);
  CHECK(body.at("nextCursor").is_null());
  CHECK(body.at("quota").as_object().at("cpu").is_null());
  for (const auto& holder : body.at("holders").as_array()) {
    const auto& holds = holder.as_object().at("holds").as_object();
    auto state = holder.as_object().at("state").as_string();
    CHECK((number(holds, "disk") == 0) == (state == "error"));
    CHECK((number(holds, "cpu") == 0)
          == (state == "error" || state == "stopped"));
  }
}

TEST_CASE("the overview has what clients of the original read") {
  gateway_fixture g;
  add(g, sandbox_state::started);
  auto path = "/api/organizations/" + std::string{fake_world::home} + "/usage";
  auto body = g.call("GET", path).json();
  CHECK(number(body, "totalSnapshotQuota") == -1);
  const auto& region = body.at("regionUsage").as_array()[0].as_object();
  CHECK(region.at("regionId").as_string() == "local");
  CHECK(number(region, "totalCpuQuota") == -1); // no limit
  CHECK(number(region, "currentCpuUsage") > 0);
  CHECK(region.at("maxCpuPerSandbox").is_null());
  CHECK(g.call("GET", "/api/organizations/another/usage").status == 404);
}

TEST_CASE("holders come in pages") {
  gateway_fixture g;
  for (int i = 0; i < 3; ++i)
    add(g, sandbox_state::started);
  auto first = g.call("GET", "/api/varve/usage?limit=2").json();
  CHECK(first.at("holders").as_array().size() == 2);
  std::string cursor{first.at("nextCursor").as_string()};
  auto second =
      g.call("GET", "/api/varve/usage?limit=2&cursor=" + cursor).json();
  CHECK(second.at("holders").as_array().size() == 1);
  CHECK(second.at("used") == first.at("used"));
  for (const char* query : {"?limit=0", "?limit=201", "?limit=x", "?cursor=x"})
    CHECK(g.call("GET", std::string{"/api/varve/usage"} + query).status == 400);
}

TEST_CASE("the queue of starts can be looked at") {
  auto options = test_options();
  options.starts = [] { return gateway::start_queue{7, 4}; };
  gateway_fixture g{options};
  auto body = g.call("GET", "/api/varve/queue").json();
  CHECK(number(body, "waiting") == 7);
  CHECK(number(body, "working") == 4);
}
