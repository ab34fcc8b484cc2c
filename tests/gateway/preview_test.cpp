// The way to a toolbox that needs no key of the organization: the sandbox's
// own token, on the path and on the preview host of port 2280.
#include <catch2/catch.hpp>

#include "events/base/ids.hpp"
#include "gateway/proxy/preview_host.hpp"
#include "tests/gateway/gateway_fixture.hpp"
#include "tests/gateway/toolbox_side.hpp"

using namespace varve;
using namespace varve::test;
using gateway::parse_preview_host;
using gateway::preview_url;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds soon{3000};
const std::string plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const std::string parameter = "DAYTONA_SANDBOX_AUTH_KEY=";
const std::string header = "X-Daytona-Preview-Token: ";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct preview_fixture : gateway_fixture {
  preview_fixture() : box(world.add_sandbox(fake_world::home)) {
    answer_with(plain);
    token = link(box.id).text("token");
  }

  void answer_with(std::string bytes) {
    world.set_toolbox([this, bytes = std::move(bytes)](int fd) {
      toolbox_side t{fd};
      auto head = t.read_head();
      {
        std::lock_guard lock{mutex};
        last_head = head;
      }
      t.write(bytes);
    });
  }

  std::string seen() {
    std::lock_guard lock{mutex};
    return last_head;
  }

  raw_answer link(const std::string& id_or_name, const char* port = "2280") {
    return call("GET", "/api/sandbox/" + id_or_name + "/ports/" + port
                           + "/preview-url");
  }

  // Without a key, to that host.
  raw_answer on(const std::string& host, const std::string& target,
                const std::vector<std::string>& fields = {},
                const std::string& method = "GET") {
    raw_client client{server->port()};
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: " + host;
    for (const auto& f : fields)
      text += "\r\n" + f;
    client.send(text + "\r\n\r\n");
    return client.read_answer();
  }

  std::string host(const char* port = "2280") const {
    return port + ("-" + box.id) + ".localhost:3986";
  }

  sandbox_view box;
  std::string token;
  std::mutex mutex;
  std::string last_head;
};

} // namespace

TEST_CASE("a preview host is a port, a dash and an id before a domain") {
  auto id = uuid::v4().str();
  auto found = parse_preview_host("2280-" + id + ".localhost:3986", "");
  REQUIRE(found);
  CHECK(found->port == 2280);
  CHECK(found->label == id);
  CHECK(parse_preview_host("1-ABCDEF00-0000-4000-8000-00000000000A.x.y", "")
            ->label
        == "abcdef00-0000-4000-8000-00000000000a");
  CHECK(parse_preview_host("3000-abcdefgh12345678.x.y", "")->label
        == "abcdefgh12345678");
  for (const auto& other :
       {"2280-" + id, "0-" + id + ".x", "65536-" + id + ".x",
        "x2280-" + id + ".x", id + ".x", std::string{"2280-.x"},
        std::string{"3-tier.example"}, std::string{"localhost:3986"},
        std::string{"127.0.0.1:3986"}, std::string{"[::1]:3986"}}) {
    INFO(other);
    CHECK_FALSE(parse_preview_host(other, ""));
  }
  CHECK_FALSE(parse_preview_host("3000-abcdefgh12345678.x:81",
                                 "https://3000-ABCDEFGH12345678.x:80/y"));
}

TEST_CASE("a preview URL goes under the server's domain") {
  CHECK(preview_url("https://varve.example", "80", "a")
        == "https://80-a.varve.example");
  CHECK(preview_url("http://localhost:3986", "80", "a")
        == "http://80-a.localhost:3986");
  CHECK(preview_url("http://127.0.0.1:1", "80", "a")
        == "http://80-a.localhost:1");
  CHECK(preview_url("http://[::1]:1/x", "80", "a")
        == "http://80-a.localhost:1");
}

TEST_CASE_METHOD(preview_fixture, "a sandbox's preview link bears its token") {
  auto a = link(box.name.substr(0, 4) + "%20" + box.name.substr(5), "8080");
  CHECK(a.status == 200);
  CHECK(a.text("sandboxId") == box.id);
  CHECK(a.text("url") == "http://8080-" + box.id + ".localhost:3986");
  CHECK(a.text("token") == token);
  CHECK(token.size() == 32);
  auto other = world.add_sandbox(fake_world::home);
  CHECK(link(other.id).text("token") != token);
  for (const char* port : {"0", "65536", "x", "-1"}) {
    INFO(port);
    auto bad = link(box.id, port);
    CHECK(bad.status == 400);
    CHECK(bad.text("message") == "Invalid port");
  }
  CHECK(link(world.add_sandbox("another").id).status == 404);
}

TEST_CASE_METHOD(preview_fixture, "the token opens the path and the host of "
                                  "2280, and stays outside") {
  auto path = "/toolbox/" + box.id + "/x";
  for (const auto& a :
       {on("localhost:3986", path, {header + token}),
        on("localhost:3986", path + "?" + parameter + token),
        on(host(), "/x", {header + token}),
        on(host(), "/x?" + parameter + token),
        on(host(), "/x", {"Authorization: Bearer " + key}),
        on(host(), "/x", {"Authorization: Bearer wrong", header + token})}) {
    CHECK(a.status == 200);
    CHECK(a.body == "hi");
    CHECK(seen().starts_with("GET /x HTTP/1.1\r\n"));
    CHECK_FALSE(has(seen(), token));
    CHECK_FALSE(has(seen(), "Authorization"));
    CHECK_FALSE(has(seen(), "Preview-Token"));
  }
}

TEST_CASE_METHOD(preview_fixture, "a preview host leads to nothing else") {
  auto a = on(host(), "/api/sandbox", {header + token});
  CHECK(a.body == "hi");
  CHECK(seen().starts_with("GET /api/sandbox HTTP/1.1\r\n"));
  on(host(), "/health", {header + token});
  CHECK(seen().starts_with("GET /health HTTP/1.1\r\n"));
  on(host(), "/toolbox/" + box.id + "/x", {header + token});
  CHECK(seen().starts_with("GET /toolbox/" + box.id + "/x HTTP/1.1\r\n"));
}

TEST_CASE_METHOD(preview_fixture, "what is not the sandbox's token is refused, "
                                  "known sandbox or not") {
  world.set_toolbox([this](int fd) {
    toolbox_side t{fd};
    std::lock_guard lock{mutex};
    last_head = "reached";
  });
  auto other = link(world.add_sandbox(fake_world::home).id).text("token");
  auto unknown = "2280-" + uuid::v4().str() + ".localhost";
  auto cut = token.substr(0, 31);
  for (const auto& wrong : {other, cut, token + "0", std::string{}}) {
    auto known = on(host(), "/x", {header + wrong});
    auto none = on(unknown, "/x", {header + wrong});
    CHECK(known.status == 401);
    CHECK(known.text("code") == "UNAUTHORIZED");
    CHECK(none.status == 401);
    CHECK(known.text("message") == none.text("message"));
    CHECK(on(host(), "/x?" + parameter + wrong).status == 401);
  }
  CHECK(on(host(), "/x").text("message")
        == "unauthorized: missing authentication: provide a Bearer token or a "
           "preview token");
  CHECK(on(host(), "/x?" + parameter + "a", {header + "b"}).text("message")
        == "unauthorized: authentication failed: preview token is invalid, "
           "DAYTONA_SANDBOX_AUTH_KEY is invalid");
  // It is no key of the API.
  CHECK(
      on("localhost", "/api/sandbox", {"Authorization: Bearer " + token}).status
      == 401);
  CHECK(on("localhost", "/api/sandbox", {header + token}).status == 401);
  CHECK(seen().empty());
}

TEST_CASE_METHOD(preview_fixture, "the token changes with every start") {
  world.restart(box.id);
  CHECK(on(host(), "/x", {header + token}).status == 401);
  auto next = link(box.id).text("token");
  CHECK(next != token);
  CHECK(on(host(), "/x", {header + next}).status == 200);
  world.set_state(box.id, sandbox_state::stopped);
  auto a = on(host(), "/x", {header + next});
  CHECK(a.status == 400);
  CHECK(has(a.text("message"), "Is the Sandbox started?"));
}

TEST_CASE_METHOD(preview_fixture, "a token that is over closes what it "
                                  "opened") {
  world.set_toolbox([](int fd) {
    toolbox_side t{fd};
    t.read_head();
    t.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\n"
            "Sec-WebSocket-Protocol: X-Daytona-SDK-Version~0.190.0\r\n\r\n");
    t.read_rest();
  });
  raw_client client{server->port()};
  client.send("GET /process/pty/x/connect?" + parameter + token
              + " HTTP/1.1\r\nHost: " + host()
              + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Protocol: X-Daytona-SDK-Version~0.190.0\r\n"
                "\r\n");
  auto a = client.read_answer(true);
  CHECK(a.status == 101);
  CHECK(a.headers["sec-websocket-protocol"] == "X-Daytona-SDK-Version~0.190.0");
  CHECK_FALSE(client.is_closed_within(milliseconds{600}));
  world.restart(box.id);
  CHECK(client.is_closed_within(soon));
}

TEST_CASE_METHOD(preview_fixture, "other ports and signed tokens say that they "
                                  "are not served yet") {
  auto port = on(host("8080"), "/x", {header + token});
  CHECK(port.status == 501);
  CHECK(port.text("code") == "NOT_IMPLEMENTED");
  CHECK(has(port.text("message"), "port 2280"));
  auto sign = on("2280-abcdefgh12345678.localhost", "/x");
  CHECK(sign.status == 501);
  CHECK(has(sign.text("message"), "signed"));
}

TEST_CASE_METHOD(preview_fixture, "a browser on any origin may ask a preview "
                                  "host") {
  std::vector<std::string> asks{"Origin: https://app.example",
                                "Access-Control-Request-Method: POST",
                                "Access-Control-Request-Headers: x-a"};
  auto a = on(host(), "/x", asks, "OPTIONS");
  CHECK(a.status == 204);
  CHECK(a.headers["access-control-allow-origin"] == "https://app.example");
  CHECK(a.headers["access-control-allow-credentials"] == "true");
  CHECK(a.headers["access-control-allow-headers"] == "x-a");
  CHECK(a.headers["access-control-max-age"] == "43200");
  CHECK(seen().empty());
  auto refused = on(host(), "/x", {"Origin: https://app.example"});
  CHECK(refused.status == 401);
  CHECK(refused.headers["access-control-allow-origin"]
        == "https://app.example");
  // Unless the sandbox is to answer such questions itself.
  asks.push_back("X-Daytona-Disable-CORS: true");
  asks.push_back(header + token);
  auto own = on(host(), "/x", asks, "OPTIONS");
  CHECK(own.body == "hi");
  CHECK_FALSE(own.headers.contains("access-control-allow-origin"));
  CHECK(seen().starts_with("OPTIONS /x HTTP/1.1\r\n"));
}

TEST_CASE_METHOD(preview_fixture, "a redirect on a preview host stays as the "
                                  "toolbox said it") {
  answer_with("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /in/here"
              "\r\n\r\n");
  auto a = on(host(), "/x", {header + token});
  CHECK(a.status == 302);
  CHECK(a.headers["location"] == "/in/here");
}
