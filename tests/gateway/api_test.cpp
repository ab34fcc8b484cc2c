// What the API does beyond codes and fields.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "events/base/ids.hpp"
#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;
namespace json = boost::json;

namespace {

template <class Command>
Command last_command(fake_world& world) {
  auto all = world.commands();
  REQUIRE(!all.empty());
  REQUIRE(std::holds_alternative<Command>(all.back()));
  return std::get<Command>(all.back());
}

} // namespace

TEST_CASE(
    "create answers with a started sandbox that can be read and deleted") {
  gateway_fixture g;
  auto made = g.call("POST", "/api/sandbox",
                     R"({"name":"box","env":{"A":"1"},"labels":{"x":"y"},
                         "public":true,"user":"root","target":" local ",
                         "autoStopInterval":5,"autoArchiveInterval":0,
                         "autoDeleteInterval":-7,"ttlMinutes":60,
                         "networkAllowList":" 8.8.8.0/24 ,1.1.1.1/32",
                         "snapshot":"daytonaio/sandbox:0.6.0"})");
  REQUIRE(made.status == 200);
  CHECK(made.text("state") == "started");
  CHECK(made.json().at("env").at("A") == "1");
  CHECK(made.json().at("labels").at("x") == "y");
  CHECK(made.json().at("autoStopInterval") == 5);
  CHECK(made.json().at("autoArchiveInterval") == 43200);
  CHECK(made.json().at("autoPauseInterval") == 0);
  CHECK(made.json().contains("autoDestroyAt"));
  CHECK(made.text("networkAllowList") == "8.8.8.0/24,1.1.1.1/32");
  CHECK(made.json().at("autoDeleteInterval") == -1);
  CHECK(made.text("snapshot") == "varve/base");
  CHECK(made.text("toolboxProxyUrl") == "http://localhost:3986/toolbox");
  CHECK(made.headers["varve-position"] == "3:7");
  auto id = made.text("id");
  CHECK(is_uuid(id));
  CHECK(g.call("GET", "/api/sandbox/box").text("id") == id);
  auto gone = g.call("DELETE", "/api/sandbox/" + id);
  CHECK(gone.status == 200);
  CHECK(gone.text("id") == id);
  CHECK(gone.text("state") == "destroyed");
  CHECK(g.call("GET", "/api/sandbox/" + id).status == 404);
}

TEST_CASE("env goes out sealed with its names in clear") {
  gateway_fixture g;
  g.call("POST", "/api/sandbox", R"({"env":{"TOKEN":"canary"}})");
  auto sent = last_command<CreateSandbox>(g.world);
  CHECK(sent.env_names == std::vector<std::string>{"TOKEN"});
  CHECK(sent.env_sealed.size() > 0);
  CHECK(g.world.secrets.scopes().contains(sent.sandbox_id));
}

TEST_CASE("a refused create leaves no data key behind") {
  gateway_fixture g;
  g.world.fail_next_command(errc::quota_exceeded,
                            "Total CPU limit exceeded. Maximum allowed: 1.");
  auto a = g.call("POST", "/api/sandbox", R"({"env":{"A":"1"}})");
  CHECK(a.status == 400);
  CHECK(a.text("message") == "Total CPU limit exceeded. Maximum allowed: 1.");
  CHECK(g.world.secrets.scopes().empty());
}

TEST_CASE("a create whose fate is unknown keeps its data key") {
  gateway_fixture g;
  g.world.fail_next_command(errc::log_doubt, "no answer");
  auto a = g.call("POST", "/api/sandbox", R"({"env":{"A":"1"}})");
  CHECK(a.status == 503);
  CHECK(a.headers["retry-after"] == "1");
  CHECK(g.world.secrets.scopes().size() == 1);
}

TEST_CASE("create refuses what cannot be, in the words clients know") {
  gateway_fixture g;
  g.call("POST", "/api/sandbox", R"({"name":"taken"})");
  struct row {
    const char* body;
    unsigned status;
    const char* message;
  };
  const row rows[] = {
      {R"({"name":"taken"})", 409, "Sandbox with name taken already exists"},
      {R"({"snapshot":"nope"})", 400,
       "Snapshot nope not found. Did you add it through the Daytona "
       "Dashboard?"},
      {R"({"snapshot":"team/slow:1"})", 400, "Snapshot team/slow:1 is pending"},
      {R"({"target":"mars"})", 404, "Region not found"},
      {R"({"snapshot":"x","buildInfo":{"dockerfileContent":"FROM x"}})", 400,
       "Cannot specify a snapshot when using a build info entry"},
      {R"({"snapshot":"varve/base","cpu":2})", 400,
       "Cannot specify Sandbox resources when using a snapshot"},
      {R"({"name":"<b>x</b>"})", 400,
       "name must not contain HTML tags, URLs, or control characters"},
      {R"({"name":"http://x"})", 400,
       "name must not contain HTML tags, URLs, or control characters"},
      {"{\"name\":\"a\\u0001b\"}", 400,
       "name must not contain HTML tags, URLs, or control characters"},
      {R"({"name":7})", 400, "name must be a string"},
      {R"({"env":[]})", 400, "env must be an object of strings"},
      {R"({"env":{"A":1}})", 400,
       "env must be an object of strings; member A is none"},
      {R"({"labels":"x"})", 400, "labels must be an object of strings"},
      {R"({"public":"yes"})", 400, "public must be a boolean value"},
      {R"({"user":"a b"})", 400, "user must be the name of a user"},
      {R"({"autoStopInterval":-1})", 400,
       "Auto-stop interval must be non-negative"},
      {R"({"autoArchiveInterval":-1})", 400,
       "Auto-archive interval must be non-negative"},
      {R"({"autoStopInterval":1.5})", 400,
       "autoStopInterval must be a whole number within 32 bits"},
      {R"({"autoStopInterval":"5"})", 400, "autoStopInterval must be a number"},
      {R"([1])", 400, "the request body must be an object"},
  };
  auto before = g.world.commands().size();
  for (const auto& r : rows) {
    INFO(r.body);
    auto a = g.call("POST", "/api/sandbox", r.body);
    CHECK(a.status == r.status);
    CHECK(a.text("message") == r.message);
  }
  CHECK(g.world.commands().size() == before + 1); // the taken name only
}

TEST_CASE("env and labels have bounds that keep a record small") {
  gateway_fixture g;
  auto body_with = [](const char* member, std::size_t entries,
                      std::size_t size) {
    json::object map;
    for (std::size_t i = 0; i < entries; ++i)
      map["K" + std::to_string(i)] = std::string(size, 'x');
    return json::serialize(json::object{{member, map}});
  };
  CHECK(g.call("POST", "/api/sandbox", body_with("env", 1000, 200)).status
        == 200);
  CHECK(g.call("POST", "/api/sandbox", body_with("env", 1025, 1)).status
        == 400);
  CHECK(g.call("POST", "/api/sandbox", body_with("env", 3, 100'000)).status
        == 400);
  CHECK(g.call("POST", "/api/sandbox", body_with("labels", 129, 1)).status
        == 400);
  CHECK(g.call("POST", "/api/sandbox", body_with("labels", 2, 40'000)).status
        == 400);
  // Control characters grow sixfold when they are escaped.
  json::object grown{{"env", {{"A", std::string(200'000, '\1')}}}};
  CHECK(g.call("POST", "/api/sandbox", json::serialize(grown)).status != 200);
}

TEST_CASE("a sandbox that fails while create waits is the caller's error") {
  gateway_fixture g;
  g.world.comes_out = sandbox_state::error;
  auto a = g.call("POST", "/api/sandbox", "{}");
  CHECK(a.status == 400);
  CHECK(a.text("message") == "Sandbox failed to start: no such user");
}

TEST_CASE("when the hold time is over the state is shown as it is") {
  gateway_fixture g;
  g.world.comes_out = sandbox_state::creating;
  auto a = g.call("POST", "/api/sandbox");
  CHECK(a.status == 200);
  CHECK(a.text("state") == "creating");
}

TEST_CASE("a command nobody answers ends with 504, one nobody shows too") {
  gateway_fixture g;
  g.world.never_answers = true;
  CHECK(g.call("POST", "/api/sandbox").status == 504);
  g.world.never_answers = false;
  g.world.never_applies = true;
  auto a = g.call("POST", "/api/sandbox");
  CHECK(a.status == 504);
  CHECK(a.text("message").find("3:") != std::string::npos);
}

TEST_CASE("stop takes force from query and body, and nothing else for it") {
  gateway_fixture g;
  auto box = g.world.add_sandbox(fake_world::home);
  auto path = "/api/sandbox/" + box.id + "/stop";
  CHECK(g.call("POST", path + "?force=false").text("state") == "stopped");
  CHECK_FALSE(last_command<StopSandbox>(g.world).force);
  CHECK(g.call("POST", path + "?force=true").status == 200);
  CHECK(last_command<StopSandbox>(g.world).force);
  CHECK(g.call("POST", path, R"({"force":true})").status == 200);
  CHECK(last_command<StopSandbox>(g.world).force);
  auto a = g.call("POST", path + "?force=maybe");
  CHECK(a.status == 400);
  CHECK(a.text("message") == "Validation failed (boolean string is expected)");
  CHECK(g.call("POST", path, R"({"force":1})").status == 400);
}

TEST_CASE("start and recover that end in an error say why") {
  gateway_fixture g;
  g.world.comes_out = sandbox_state::error;
  auto box = g.world.add_sandbox(fake_world::home, sandbox_state::stopped);
  for (const char* what : {"start", "recover"}) {
    auto a = g.call("POST", "/api/sandbox/" + box.id + "/" + what);
    CHECK(a.status == 400);
    CHECK(a.text("message") == "Sandbox failed to start: no such user");
  }
  auto skipped =
      g.call("POST", "/api/sandbox/" + box.id + "/recover?skipStart=true");
  CHECK(skipped.status == 200);
}

TEST_CASE("what the actors refuse reaches the caller in their words") {
  gateway_fixture g;
  auto box = g.world.add_sandbox(fake_world::home);
  struct row {
    errc code;
    unsigned status;
  };
  for (auto [code, status] :
       {row{errc::wrong_state, 400}, row{errc::conflict, 409},
        row{errc::too_busy, 429}, row{errc::log_full, 507}}) {
    g.world.fail_next_command(code, "as it was said");
    auto a = g.call("POST", "/api/sandbox/" + box.id + "/start");
    CHECK(a.status == status);
    CHECK(a.text("message") == "as it was said");
    CHECK(a.headers.contains("retry-after") == (status == 429));
  }
  g.world.fail_next_command(errc::io, "/secret/path is broken");
  auto a = g.call("POST", "/api/sandbox/" + box.id + "/start");
  CHECK(a.status == 500);
  CHECK(a.body.find("secret") == std::string::npos);
}

TEST_CASE("a projection that stopped answers 503 and names the record") {
  gateway_fixture g;
  g.world.fail_queries(true);
  auto a = g.call("GET", "/api/sandbox/whatever");
  CHECK(a.status == 503);
  CHECK(a.text("message") == "sandboxes stopped at record 7:41");
}

TEST_CASE("another organization's sandbox does not exist") {
  gateway_fixture g;
  auto box = g.world.add_sandbox("another");
  CHECK(g.call("GET", "/api/sandbox/" + box.id).status == 404);
  CHECK(g.call("DELETE", "/api/sandbox/" + box.id).status == 404);
  CHECK(g.call("POST", "/api/sandbox/" + box.id + "/start").status == 404);
}

TEST_CASE("labels are replaced and shown") {
  gateway_fixture g;
  auto box = g.world.add_sandbox(fake_world::home);
  auto path = "/api/sandbox/" + box.id + "/labels";
  auto a = g.call("PUT", path, R"({"labels":{"only":"this"}})");
  CHECK(a.status == 200);
  CHECK(json::serialize(a.json().at("labels")) == R"({"only":"this"})");
  CHECK(g.call("PUT", path, "{}").status == 400);
  CHECK(g.call("PUT", path).status == 400);
  CHECK(g.call("PUT", path, R"({"labels":{"a":null}})").status == 400);
}

TEST_CASE("last activity is by id only and shows at once") {
  gateway_fixture g;
  auto box = g.world.add_sandbox(fake_world::home);
  g.world.time.time += 60'000;
  auto path = "/api/sandbox/" + box.id;
  CHECK(g.call("POST", path + "/last-activity", "{}").status == 201);
  CHECK(g.call("GET", path).text("lastActivityAt")
        == to_iso8601(g.world.time.now()));
  CHECK(g.call("POST",
               "/api/sandbox/made%20" + box.id.substr(0, 4) + "/last-activity")
            .status
        == 404);
}

TEST_CASE("lists page by cursor and filter by labels") {
  gateway_fixture g;
  for (int i = 0; i < 5; ++i)
    g.call("POST", "/api/sandbox", R"({"labels":{"n":"1"}})");
  g.call("POST", "/api/sandbox", R"({"labels":{"n":"2"}})");
  std::string cursor;
  std::size_t seen = 0;
  for (int page = 0; page < 3; ++page) {
    auto a = g.call("GET", "/api/sandbox?limit=2&labels=%7B%22n%22%3A%221%22%7D"
                               + cursor);
    REQUIRE(a.status == 200);
    seen += a.json().at("items").as_array().size();
    CHECK(a.json().at("nextCursor").is_null() == (page == 2));
    cursor = "&cursor=" + a.text("nextCursor");
  }
  CHECK(seen == 5);
}

TEST_CASE("list parameters that make no sense are refused, unknown ones not") {
  gateway_fixture g;
  g.world.add_sandbox(fake_world::home);
  for (const char* wrong :
       {"limit=0", "limit=201", "limit=x", "labels=x", "labels=%5B1%5D",
        "states=flying", "sort=age", "order=up", "minCpu=0", "maxDiskGiB=x",
        "createdAtAfter=soon", "cursor=nonsense", "minGpu=-1"}) {
    INFO(wrong);
    CHECK(g.call("GET", std::string{"/api/sandbox?"} + wrong).status == 400);
  }
  auto count = [&](const char* query) {
    auto a = g.call("GET", std::string{"/api/sandbox?"} + query);
    REQUIRE(a.status == 200);
    return a.json().at("items").as_array().size();
  };
  CHECK(count("whatever=1&limit=200") == 1);
  CHECK(count("states=started&states=error&sort=createdAt&order=asc") == 1);
  CHECK(count("states=build_failed") == 0);
  CHECK(count("sandboxClasses=windows") == 0);
  CHECK(count("sandboxClasses=windows&sandboxClasses=container") == 1);
  CHECK(count("minGpu=1") == 0);
  CHECK(count("autoDestroyAtAfter=2026-01-01T00:00:00.000Z") == 0);
}

TEST_CASE("snapshots are found by name, alias and id, and listed by page") {
  gateway_fixture g;
  CHECK(g.call("GET", "/api/snapshots/team%2Fslow%3A1").text("state")
        == "pending");
  CHECK(g.call("GET", "/api/snapshots/daytonaio%2Fsandbox%3A9").text("name")
        == "varve/base");
  CHECK(g.call("GET", "/api/snapshots/none").status == 404);
  auto all = g.call("GET", "/api/snapshots?page=1&limit=1&sort=name").json();
  CHECK(all.at("total") == 2);
  CHECK(all.at("totalPages") == 2);
  CHECK(all.at("items").as_array().size() == 1);
  CHECK(g.call("GET", "/api/snapshots?page=9").json().at("items").as_array()
        == json::array{});
  CHECK(g.call("GET", "/api/snapshots?limit=0").status == 400);
  CHECK(g.call("GET", "/api/snapshots?sort=size").status == 400);
}

TEST_CASE("an idempotency key becomes the command's id") {
  gateway_fixture g;
  auto command_id = [&](const std::string& key) {
    auto a = g.call("POST", "/api/sandbox", "{}", {"Idempotency-Key: " + key});
    REQUIRE(a.status == 200);
    return g.world.origins().back().command_id;
  };
  auto id = uuid::v4().str();
  CHECK(command_id(id) == id);
  auto hashed = command_id("order 66");
  CHECK(is_uuid(hashed));
  CHECK(command_id("order 66") == hashed);
  CHECK(command_id("order 67") != hashed);
  CHECK(g.world.origins().back().principal == "key:key 1");
}

TEST_CASE("a client may ask for a position and is not answered from before") {
  gateway_fixture g;
  auto ask = [&](const char* position) {
    return g
        .call("GET", "/api/sandbox", {},
              {std::string{"Varve-Position: "} + position})
        .status;
  };
  CHECK(ask("3:6") == 200);
  CHECK(ask("3:600") == 503);
  CHECK(ask("64:1") == 400);
  CHECK(ask("3") == 400);
  CHECK(ask("x:y") == 400);
}

TEST_CASE("paths and methods that are not there say so") {
  gateway_fixture g;
  for (auto [method, path] :
       {std::pair{"GET", "/api/nope"}, std::pair{"PATCH", "/api/sandbox"},
        std::pair{"POST", "/api/config"}, std::pair{"POST", "/health"},
        std::pair{"GET", "/"}, std::pair{"GET", "/api/nope?a=b"}}) {
    auto a = g.call(method, path);
    std::string plain{path};
    CHECK(a.status == 404);
    CHECK(a.text("message")
          == std::string{"Cannot "} + method + " "
                 + plain.substr(0, plain.find('?')));
    CHECK(a.text("code") == "NOT_FOUND");
  }
}

TEST_CASE("browsers of any origin may ask") {
  gateway_fixture g;
  auto pre = g.call(
      "OPTIONS", "/api/sandbox", {},
      {"Origin: https://app.example", "Access-Control-Request-Method: POST",
       "Access-Control-Request-Headers: authorization,x-daytona"});
  CHECK(pre.status == 204);
  CHECK(pre.headers["access-control-allow-origin"] == "https://app.example");
  CHECK(pre.headers["access-control-allow-headers"]
        == "authorization,x-daytona");
  CHECK(pre.headers["access-control-allow-methods"]
        == "GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS");
  CHECK_FALSE(pre.headers.contains("access-control-allow-credentials"));
  auto a = g.call("GET", "/api/config", {}, {"Origin: https://app.example"});
  CHECK(a.headers["access-control-allow-origin"] == "https://app.example");
  CHECK_FALSE(g.call("GET", "/api/config")
                  .headers.contains("access-control-allow-origin"));
}

TEST_CASE("until it is ready it answers nothing but health") {
  gateway_fixture g;
  g.server->set_ready(false);
  auto h = g.call("GET", "/health");
  CHECK(h.status == 503);
  CHECK(h.text("status") == "starting");
  CHECK(h.headers["retry-after"] == "1");
  CHECK(g.call("GET", "/api/config").status == 503);
  CHECK(g.call("POST", "/api/sandbox").status == 503);
  g.server->set_ready(true);
  CHECK(g.call("GET", "/health").status == 200);
}

TEST_CASE("urls in answers come from the public url when there is one") {
  auto options = test_options();
  options.public_url = "https://varve.example/";
  gateway_fixture g{options};
  auto box = g.world.add_sandbox(fake_world::home);
  CHECK(
      g.call("GET", "/api/sandbox/" + box.id + "/toolbox-proxy-url").text("url")
      == "https://varve.example/toolbox");
  CHECK(g.call("GET", "/api/config").text("proxyTemplateUrl")
        == "https://{{PORT}}-{{sandboxId}}.varve.example");
}

TEST_CASE("the preview template puts names before localhost, not addresses") {
  gateway_fixture g;
  CHECK(g.call("GET", "/api/config").text("proxyTemplateUrl")
        == "http://{{PORT}}-{{sandboxId}}.localhost:3986");
  raw_client client{g.server->port()};
  client.send("GET /api/config HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n");
  CHECK(client.read_answer().text("proxyTemplateUrl")
        == "http://{{PORT}}-{{sandboxId}}.localhost:80");
}
