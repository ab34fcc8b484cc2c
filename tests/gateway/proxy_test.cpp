#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include "tests/gateway/gateway_fixture.hpp"
#include "tests/gateway/toolbox_side.hpp"

using namespace varve;
using namespace varve::test;

TEST_CASE("a request reaches the toolbox with path and query as sent") {
  gateway_fixture g;
  auto box = g.world.add_sandbox(fake_world::home);
  std::string seen;
  g.world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    seen = t.read_head();
    t.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Is: there\r\n\r\nhi");
  });
  auto a = g.call("GET", "/toolbox/" + box.id + "/files/a%20b%2Fc?x=%26&y");
  CHECK(a.status == 200);
  CHECK(a.body == "hi");
  CHECK(a.headers["x-is"] == "there");
  CHECK(a.headers.contains("varve-correlation-id"));
  CHECK(seen.starts_with("GET /files/a%20b%2Fc?x=%26&y HTTP/1.1\r\n"));
  CHECK(seen.find("uthorization") == std::string::npos);
}
