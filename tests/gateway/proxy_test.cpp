// The way to a sandbox's toolbox: who may, what crosses, what is said when
// there is no way.
#include <catch2/catch.hpp>

#include "events/base/ids.hpp"
#include "tests/gateway/gateway_fixture.hpp"
#include "tests/gateway/toolbox_side.hpp"

using namespace varve;
using namespace varve::test;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds soon{3000};

struct proxy_fixture : gateway_fixture {
  proxy_fixture() : box(world.add_sandbox(fake_world::home)) {
    // nop
  }

  // Every connection gets this answer; heads are kept.
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

  std::string base() const {
    return "/toolbox/" + box.id;
  }

  sandbox_view box;
  std::mutex mutex;
  std::string last_head;
};

const std::string plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

bool has(const std::string& head, const std::string& part) {
  return head.find(part) != std::string::npos;
}

void check_proxy_error(const raw_answer& a, unsigned status,
                       const std::string& code, const std::string& path) {
  CHECK(a.status == status);
  CHECK(a.json().at("statusCode").as_int64() == status);
  CHECK(a.text("code") == code);
  CHECK(a.text("path") == path);
  CHECK(a.text("method") == "GET");
  CHECK(a.text("timestamp").ends_with("Z"));
}

} // namespace

TEST_CASE_METHOD(proxy_fixture, "path and query reach the toolbox as sent") {
  answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Is: there\r\n\r\nhi");
  auto a = call("GET", base() + "/files/a%20b%2Fc?x=%26&y=+");
  CHECK(a.status == 200);
  CHECK(a.body == "hi");
  CHECK(a.headers["x-is"] == "there");
  CHECK(a.headers.contains("varve-correlation-id"));
  CHECK(a.headers["varve-position"] == "12:6");
  CHECK(a.headers["connection"] == "keep-alive");
  CHECK(seen().starts_with("GET /files/a%20b%2Fc?x=%26&y=+ HTTP/1.1\r\n"));
}

TEST_CASE_METHOD(proxy_fixture, "a sandbox sees no key, token or hop field") {
  answer_with(plain);
  call("GET", base() + "/x?a=1&DAYTONA_SANDBOX_AUTH_KEY=t0ken&b=2", "",
       {"X-Daytona-Preview-Token: t0ken", "X-Daytona-SDK-Version: 0.190.0",
        "Cookie: a=b; daytona-sandbox-auth-1=t0ken; c=d",
        "Connection: keep-alive, X-Hop", "X-Hop: 1", "TE: trailers",
        "Proxy-Authorization: t0ken", "X-Forwarded-For: 9.9.9.9"});
  CHECK(seen().starts_with("GET /x?a=1&b=2 HTTP/1.1\r\nHost: localhost\r\n"));
  CHECK_FALSE(has(seen(), "t0ken"));
  CHECK_FALSE(has(seen(), key));
  CHECK_FALSE(has(seen(), "Authorization"));
  CHECK_FALSE(has(seen(), "X-Hop"));
  CHECK_FALSE(has(seen(), "TE:"));
  CHECK(has(seen(), "X-Daytona-SDK-Version: 0.190.0\r\n"));
  CHECK(has(seen(), "Cookie: a=b; c=d\r\n"));
  CHECK(has(seen(), "X-Forwarded-Host: localhost:3986\r\n"));
  CHECK(has(seen(), "X-Forwarded-For: 9.9.9.9, 127.0.0.1\r\n"));
  CHECK(has(seen(), "Connection: close\r\n"));
}

TEST_CASE_METHOD(proxy_fixture, "a sandbox cannot speak in our name") {
  answer_with("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /in/here"
              "\r\nSet-Cookie: a=b\r\nVarve-Position: 9:9\r\nAlt-Svc: x"
              "\r\nX-Daytona-Api-Version: 9\r\nAccess-Control-Allow-Origin: *"
              "\r\nConnection: X-Inner\r\nX-Inner: 1\r\nKeep-Alive: 5\r\n\r\n");
  auto a = call("GET", base() + "/x", "", {"Origin: https://app.example"});
  CHECK(a.status == 302);
  CHECK(a.headers["location"] == base() + "/in/here");
  CHECK_FALSE(has(a.head, "Set-Cookie"));
  CHECK_FALSE(has(a.head, "Alt-Svc"));
  CHECK_FALSE(has(a.head, "X-Inner"));
  CHECK_FALSE(has(a.head, "9:9"));
  CHECK(a.headers["access-control-allow-origin"] == "https://app.example");
  CHECK(a.headers["access-control-allow-credentials"] == "true");
  auto own =
      call("GET", base() + "/x", "",
           {"Origin: https://app.example", "X-Daytona-Disable-CORS: true"});
  CHECK(own.headers["access-control-allow-origin"] == "*");
  CHECK_FALSE(has(seen(), "X-Daytona-Disable-CORS"));
}

TEST_CASE_METHOD(proxy_fixture, "an offer of HTTP/2 is not passed on") {
  answer_with(plain);
  auto a = call("GET", base() + "/x", "",
                {"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                 "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"});
  CHECK(a.status == 200);
  CHECK_FALSE(has(seen(), "h2c"));
  CHECK_FALSE(has(seen(), "HTTP2-Settings"));
}

TEST_CASE_METHOD(proxy_fixture, "no key, a bad one, a foreign or unknown id: "
                                "401 all alike") {
  answer_with(plain);
  auto foreign = world.add_sandbox("another");
  auto good = key;
  auto unknown = "/toolbox/" + uuid::v4().str() + "/x";
  check_proxy_error(call("GET", unknown), 401, "UNAUTHORIZED", unknown);
  const std::string paths[]{"/toolbox/" + foreign.id + "/x",
                            "/toolbox/made%20x/x",
                            "/toolbox/" + box.name.substr(0, 4) + "/x"};
  for (const auto& path : paths) {
    auto a = call("GET", path);
    check_proxy_error(a, 401, "UNAUTHORIZED", path);
    CHECK(a.text("message")
          == "unauthorized: authentication failed: Bearer token is invalid");
  }
  for (const auto& wrong : {std::string{}, std::string{"dtn_wrong"}}) {
    key = wrong;
    auto a = call("GET", base() + "/x");
    check_proxy_error(a, 401, "UNAUTHORIZED", base() + "/x");
    CHECK(a.text("message").starts_with("unauthorized: "));
  }
  CHECK(seen().empty());
}

TEST_CASE_METHOD(proxy_fixture, "a sandbox that is not started says so") {
  answer_with(plain);
  for (auto state : {sandbox_state::stopped, sandbox_state::starting,
                     sandbox_state::error, sandbox_state::stopping}) {
    world.set_state(box.id, state);
    auto a = call("GET", base() + "/x");
    check_proxy_error(a, 400, "BAD_REQUEST", base() + "/x");
    CHECK(has(a.text("message"), "Is the Sandbox started?"));
    CHECK(a.text("message").starts_with("bad request: "));
  }
}

TEST_CASE_METHOD(proxy_fixture, "the id alone is not a path to anything") {
  answer_with(plain);
  check_proxy_error(call("GET", base()), 404, "NOT_FOUND", base());
}

TEST_CASE_METHOD(proxy_fixture, "a dead toolbox is a bad gateway") {
  check_proxy_error(call("GET", base() + "/x"), 502, "BAD_GATEWAY",
                    base() + "/x");
  world.set_toolbox([](int fd) { toolbox_side gone{fd}; });
  check_proxy_error(call("GET", base() + "/x"), 502, "BAD_GATEWAY",
                    base() + "/x");
}

TEST_CASE_METHOD(proxy_fixture, "answers that are no HTTP, or two at once, are "
                                "not passed on") {
  for (const char* bytes :
       {"nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
        "Transfer-Encoding: chunked\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nBad Field: x\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 99 Odd\r\n\r\n"}) {
    INFO(bytes);
    answer_with(bytes);
    auto a = call("GET", base() + "/x");
    CHECK(a.status == 502);
  }
  answer_with("HTTP/1.1 200 OK\r\nX-Long: " + std::string(40'000, 'x')
              + "\r\n\r\n");
  CHECK(call("GET", base() + "/x").status == 502);
  std::string endless;
  for (int i = 0; i < 20; ++i)
    endless += "HTTP/1.1 102 Processing\r\n\r\n";
  answer_with(endless + plain);
  CHECK(call("GET", base() + "/x").status == 502);
  answer_with("HTTP/1.1 102 Processing\r\n\r\n" + plain);
  CHECK(call("GET", base() + "/x").status == 200);
}

TEST_CASE_METHOD(proxy_fixture, "a toolbox that dies in the midst of an answer "
                                "cuts it short") {
  answer_with("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  raw_client client{server->port()};
  client.send(request_text("GET", base() + "/x", key));
  auto a = client.read_answer();
  CHECK(a.status == 200);
  CHECK(a.body == "only this");
  CHECK_FALSE(a.is_whole);
  answer_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "4\r\nonly\r\n");
  raw_client other{server->port()};
  other.send(request_text("GET", base() + "/x", key));
  a = other.read_answer();
  CHECK(a.body == "only");
  CHECK_FALSE(a.is_whole);
}

TEST_CASE_METHOD(proxy_fixture, "an answer that ends with its stream becomes "
                                "chunks, for old clients a stream") {
  answer_with("HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nto the end");
  auto a = call("GET", base() + "/x");
  CHECK(a.headers["transfer-encoding"] == "chunked");
  CHECK(a.body == "to the end");
  CHECK(a.is_whole);
  raw_client old{server->port()};
  old.send("GET " + base() + "/x HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer "
           + key + "\r\n\r\n");
  a = old.read_answer();
  CHECK_FALSE(a.headers.contains("transfer-encoding"));
  CHECK(a.headers["connection"] == "close");
  CHECK(a.body == "to the end");
}

TEST_CASE_METHOD(proxy_fixture, "answers without a body have none") {
  answer_with("HTTP/1.1 204 No Content\r\n\r\n");
  auto a = call("DELETE", base() + "/x");
  CHECK(a.status == 204);
  CHECK_FALSE(a.headers.contains("content-length"));
  CHECK_FALSE(a.headers.contains("transfer-encoding"));
  CHECK(a.headers["connection"] == "keep-alive");
  answer_with("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n");
  a = call("HEAD", base() + "/x");
  CHECK(a.status == 200);
  CHECK(a.headers["content-length"] == "77");
}

TEST_CASE_METHOD(proxy_fixture, "one connection serves API and toolbox in "
                                "turn") {
  answer_with(plain);
  raw_client client{server->port()};
  for (int i = 0; i < 5; ++i) {
    client.send(request_text("GET", base() + "/x", key)
                + request_text("GET", "/health", ""));
    CHECK(client.read_answer().body == "hi");
    CHECK(client.read_answer().text("status") == "ok");
  }
}

TEST_CASE_METHOD(proxy_fixture, "a client that waits for leave to upload gets "
                                "it from us") {
  std::string got;
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    got = t.read_head();
    got += t.read_exactly(5);
    t.write(plain);
  });
  raw_client client{server->port()};
  client.send(request_text("POST", base() + "/x", key, "",
                           {"Expect: 100-continue", "Content-Length: 5"}));
  CHECK(client.read_answer().status == 100);
  client.send("12345");
  CHECK(client.read_answer().status == 200);
  CHECK(got.ends_with("Content-Length: 5\r\nConnection: close\r\n\r\n12345"));
  CHECK_FALSE(has(got, "Expect"));
}

TEST_CASE_METHOD(proxy_fixture, "an answer before the body was read is passed "
                                "on, and the connection ends") {
  answer_with("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nno!");
  raw_client client{server->port()};
  client.send(request_text("POST", base() + "/x", key, "",
                           {"Content-Length: 5000000"}));
  client.send(std::string(100'000, 'x'));
  auto a = client.read_answer();
  CHECK(a.status == 413);
  CHECK(a.body == "no!");
  CHECK(a.headers["connection"] == "close");
}

TEST_CASE_METHOD(proxy_fixture, "a chunked body that is malformed is refused "
                                "and the toolbox never sees its end") {
  std::string rest;
  std::atomic<bool> ended{false};
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    t.read_head();
    rest = t.read_rest();
    ended = true;
  });
  raw_client client{server->port()};
  client.send(request_text("POST", base() + "/x", key, "",
                           {"Transfer-Encoding: chunked"})
              + "3\r\nabc\r\nzz\r\n");
  auto a = client.read_answer();
  CHECK(a.status == 400);
  while (!ended)
    std::this_thread::yield();
  CHECK(rest == "3\r\nabc\r\n");
}

TEST_CASE_METHOD(proxy_fixture, "when the client leaves, the toolbox knows") {
  std::atomic<bool> started{false};
  std::atomic<bool> ended{false};
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    t.read_head();
    started = true;
    t.read_rest();
    ended = true;
  });
  {
    raw_client client{server->port()};
    client.send(request_text("GET", base() + "/slow", key));
    while (!started)
      std::this_thread::yield();
    CHECK_FALSE(ended);
  }
  while (!ended)
    std::this_thread::yield();
}

TEST_CASE_METHOD(proxy_fixture, "revoking a key ends what it opened") {
  std::atomic<bool> started{false};
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    t.read_head();
    started = true;
    t.read_rest();
  });
  raw_client client{server->port()};
  client.send(request_text("GET", base() + "/slow", key));
  while (!started)
    std::this_thread::yield();
  world.revoke(key);
  CHECK(client.is_closed_within(milliseconds{8000}));
}

TEST_CASE_METHOD(proxy_fixture, "proxied requests count as use unless they say "
                                "they do not") {
  answer_with(plain);
  auto shown = [&] {
    return call("GET", "/api/sandbox/" + box.id).text("lastActivityAt");
  };
  auto before = shown();
  world.time.time += 1000;
  call("GET", base() + "/x", "", {"X-Daytona-Skip-Last-Activity-Update: true"});
  CHECK(shown() == before);
  call("GET", base() + "/x");
  CHECK(shown() == to_iso8601(world.time.now()));
}

TEST_CASE_METHOD(proxy_fixture,
                 "the old path through the API leads there too") {
  answer_with(plain);
  auto path = "/api/toolbox/" + box.id + "/toolbox";
  CHECK(call("GET", path + "/files?path=%2F").body == "hi");
  CHECK(seen().starts_with("GET /files?path=%2F HTTP/1.1\r\n"));
  call("GET", path + "/lsp/workspace-symbols?q=1");
  CHECK(seen().starts_with("GET /lsp/workspacesymbols?q=1 HTTP/1.1\r\n"));
  auto unknown = call("GET", "/api/toolbox/" + uuid::v4().str() + "/toolbox/x");
  CHECK(unknown.status == 404);
  CHECK(unknown.text("message") == "Sandbox not found");
  world.set_state(box.id, sandbox_state::stopped);
  auto stopped = call("GET", path + "/x");
  CHECK(stopped.status == 400);
  CHECK(stopped.text("message") == "Sandbox is not running");
  key = world.add_key(fake_world::home, {});
  CHECK(call("GET", path + "/x").status == 403);
  key = "wrong";
  auto nobody = call("GET", path + "/x");
  CHECK(nobody.status == 401);
  CHECK(nobody.text("message") == "Invalid credentials");
}
