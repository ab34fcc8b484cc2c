// The administrator's socket.
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;
namespace fs = std::filesystem;

namespace {

// A directory that is gone with the test.
struct scratch {
  scratch() {
    char name[] = "/tmp/varve-gateway-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~scratch() {
    fs::remove_all(path);
  }
  fs::path path;
};

gateway::gateway_options with_socket(const scratch& at) {
  auto out = test_options();
  out.admin_socket = at.path / "admin.sock";
  return out;
}

struct admin_fixture {
  explicit admin_fixture(gateway::admin_hooks hooks = {})
      : g(with_socket(at), std::move(hooks)) {
    // nop
  }

  raw_answer call(std::string_view method, std::string_view target,
                  std::string_view body = {}) {
    raw_client client{(at.path / "admin.sock").string()};
    client.send(request_text(method, target, "", body));
    return client.read_answer();
  }

  scratch at;
  gateway_fixture g;
};

} // namespace

TEST_CASE("the administrator's socket is only its owner's, and goes with it") {
  scratch at;
  auto path = at.path / "admin.sock";
  {
    gateway_fixture g{with_socket(at)};
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK(S_ISSOCK(found.st_mode));
    CHECK((found.st_mode & 0777) == 0600);
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a socket that was left behind is replaced, another file is not") {
  scratch at;
  auto options = with_socket(at);
  fake_world world;
  auto start = [&] {
    return gateway::gateway::start(options, world, world, world.secrets, world,
                                   world.past, world.time, {});
  };
  {
    auto first = start();
    REQUIRE(first);
    fs::rename(options.admin_socket, at.path / "kept");
  }
  fs::rename(at.path / "kept", options.admin_socket);
  CHECK(start());
  std::FILE* file = std::fopen(options.admin_socket.c_str(), "w");
  REQUIRE(file);
  std::fclose(file);
  CHECK_FALSE(start());
  CHECK(fs::is_regular_file(options.admin_socket));
}

TEST_CASE("a key made there works at once, and no more once revoked") {
  admin_fixture a;
  auto made = a.call("POST", "/keys",
                     R"({"name":"ci","permissions":["write:sandboxes"]})");
  REQUIRE(made.status == 201);
  CHECK(made.text("value").size() == 68);
  CHECK(made.text("organizationId") == fake_world::home);
  a.g.key = made.text("value");
  CHECK(a.g.call("POST", "/api/sandbox", "{}").status == 200);
  auto listed = a.call("GET", "/keys");
  CHECK(listed.status == 200);
  CHECK(listed.body.find("\"ci\"") != std::string::npos);
  CHECK(listed.body.find(a.g.key) == std::string::npos);
  CHECK(listed.body.find("dtn********************" + a.g.key.substr(65))
        != std::string::npos);
  auto current = a.g.call("GET", "/api/api-keys/current");
  CHECK(current.text("name") == "ci");
  CHECK(a.call("DELETE", "/keys/ci").status == 204);
  CHECK(a.g.call("GET", "/api/sandbox").status == 401);
  CHECK(a.call("DELETE", "/keys/ci").status == 404);
}

TEST_CASE("a key that cannot be is refused") {
  admin_fixture a;
  for (const char* body :
       {"{}", R"({"name":""})", R"({"name":1})", R"({"name":"<a>b"})",
        R"({"name":"x","permissions":"all"})",
        R"({"name":"x","permissions":["fly"]})",
        R"({"name":"x","expiresAt":"2001-01-01"})",
        R"({"name":"x","expiresAt":7})"}) {
    INFO(body);
    CHECK(a.call("POST", "/keys", body).status == 400);
  }
  CHECK(a.call("POST", "/keys", R"({"name":"x","organizationId":"no"})").status
        == 404);
  CHECK(a.call("POST", "/keys", "{").text("message")
        == "Invalid JSON in request body");
  CHECK(a.g.world.commands().empty());
}

TEST_CASE("organizations are made, listed and given other quotas") {
  admin_fixture a;
  auto made = a.call("POST", "/organizations",
                     R"({"name":"second","quota":{"cpu":2.5}})");
  REQUIRE(made.status == 201);
  auto id = made.text("id");
  CHECK(made.json().at("quota").at("cpu").as_double() == 2.5);
  CHECK(made.json().at("quota").at("sandboxes").is_null());
  CHECK(a.call("POST", "/organizations", R"({"name":"second"})").status == 409);
  CHECK(a.call("GET", "/organizations").body.find(id) != std::string::npos);
  auto path = "/organizations/" + id + "/quota";
  auto set = a.call("PATCH", path,
                    R"({"cpu":null,"sandboxes":10,"memoryPerSandbox":0.5})");
  REQUIRE(set.status == 200);
  CHECK(set.json().at("cpu").is_null());
  CHECK(set.json().at("sandboxes").as_int64() == 10);
  CHECK(set.json().at("memoryPerSandbox").as_double() == 0.5);
  CHECK(a.call("PATCH", path, R"({"disk":7})").json().at("sandboxes") == 10);
  for (const char* body :
       {R"({"cpu":0})", R"({"cpu":-1})", R"({"cpu":"2"})", R"({"cpu":0.0001})",
        R"({"cpu":1e300})", R"({"gpu":1})", R"({"sandboxes":1.5})",
        R"({"sandboxes":4294967296})", "[]"})
    CHECK(a.call("PATCH", path, body).status == 400);
  CHECK(a.call("PATCH", "/organizations/none/quota", "{}").status == 404);
  CHECK(a.call("POST", "/organizations", R"({"name":"x","quota":1})").status
        == 400);
  CHECK(a.call("POST", "/organizations", "{}").status == 400);
}

TEST_CASE("a key without a list of permissions has them all, and may expire") {
  admin_fixture a;
  auto made =
      a.call("POST", "/keys", R"({"name":"x","expiresAt":"2099-01-01"})");
  CHECK(made.status == 201);
  CHECK(made.json().at("permissions").as_array().size() == 15);
  CHECK(made.text("expiresAt") == "2099-01-01T00:00:00.000Z");
}

TEST_CASE("hooks are called with what was asked, one at a time") {
  std::vector<std::string> calls;
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  gateway::admin_hooks hooks;
  hooks.backup = [&](const std::string& directory) -> result<void> {
    most = std::max(most.load(), ++at_once);
    calls.push_back("backup " + directory);
    --at_once;
    if (directory == "/full")
      return failure(errc::log_full, "no space in /full");
    return ok();
  };
  hooks.rebuild = [&](const std::string& projection) -> result<void> {
    calls.push_back("rebuild " + projection);
    return ok();
  };
  hooks.flush = [&]() -> result<void> {
    calls.push_back("flush");
    return ok();
  };
  hooks.status = [] { return std::string{"{\"fine\":true}"}; };
  admin_fixture a{hooks};
  CHECK(a.call("POST", "/backup", R"({"directory":"/b"})").status == 200);
  auto full = a.call("POST", "/backup", R"({"directory":"/full"})");
  CHECK(full.status == 507);
  CHECK(full.text("message") == "no space in /full");
  CHECK(a.call("POST", "/backup", R"({"directory":"b"})").status == 400);
  CHECK(a.call("POST", "/backup", "{}").status == 400);
  CHECK(a.call("POST", "/projections/rebuild").status == 200);
  CHECK(a.call("POST", "/projections/rebuild", R"({"projection":"x"})").status
        == 200);
  CHECK(a.call("POST", "/projections/flush").status == 200);
  CHECK(a.call("GET", "/status").body == "{\"fine\":true}");
  CHECK(calls
        == std::vector<std::string>{"backup /b", "backup /full", "rebuild ",
                                    "rebuild x", "flush"});
  std::vector<std::thread> askers;
  for (int i = 0; i < 6; ++i)
    askers.emplace_back(
        [&] { a.call("POST", "/backup", R"({"directory":"/b"})"); });
  for (auto& t : askers)
    t.join();
  CHECK(most == 1);
}

TEST_CASE("what is not there says so, also when it is not ready") {
  admin_fixture a;
  a.g.server->set_ready(false);
  CHECK(a.call("GET", "/nope").status == 404);
  CHECK(a.call("GET", "/api/config").status == 404);
  CHECK(a.call("GET", "/status").status == 404);
  CHECK(a.call("GET", "/keys").status == 200);
  CHECK(a.call("POST", "/backup", R"({"directory":"/b"})").status == 422);
}

TEST_CASE("options that cannot be are refused at the start") {
  fake_world world;
  auto start = [&](auto change) {
    auto options = test_options();
    change(options);
    auto started = gateway::gateway::start(options, world, world, world.secrets,
                                           world, world.past, world.time, {});
    return started ? std::optional<errc>{} : started.error().code;
  };
  CHECK(start([](auto& o) { o.listen = "nowhere"; }) == errc::invalid);
  CHECK(start([](auto& o) { o.listen = "127.0.0.1:99999"; }) == errc::invalid);
  gateway_fixture other;
  auto taken = "127.0.0.1:" + std::to_string(other.server->port());
  CHECK(start([&](auto& o) { o.listen = taken; }) == errc::io);
  CHECK(start([](auto& o) { o.tls_cert = "/x"; }) == errc::invalid);
  CHECK(start([](auto& o) { o.tls_cert = o.tls_key = "/nope"; })
        == errc::invalid);
  CHECK(start([](auto& o) { o.admin_socket = std::string(200, 'x'); })
        == errc::invalid);
  CHECK_FALSE(start([](auto&) {}));
}
