#include <set>

#include <catch2/catch.hpp>

#include "events/base/ids.hpp"
#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;

TEST_CASE("health says ok without a key") {
  gateway_fixture g;
  raw_client client{g.server->port()};
  client.send(request_text("GET", "/health", ""));
  auto a = client.read_answer();
  CHECK(a.status == 200);
  CHECK(a.text("status") == "ok");
  CHECK(a.headers["connection"] == "keep-alive");
}

TEST_CASE(
    "create answers with a started sandbox that can be read and deleted") {
  gateway_fixture g;
  auto made =
      g.call("POST", "/api/sandbox", R"({"env":{"A":"1"},"labels":{"x":"y"}})");
  REQUIRE(made.status == 200);
  CHECK(made.text("state") == "started");
  auto id = made.text("id");
  CHECK(is_uuid(id));
  auto read = g.call("GET", "/api/sandbox/" + id);
  CHECK(read.status == 200);
  auto gone = g.call("DELETE", "/api/sandbox/" + id);
  CHECK(gone.status == 200);
  CHECK(gone.text("state") == "destroyed");
  CHECK(g.call("GET", "/api/sandbox/" + id).status == 404);
}
