// Peers that are wrong, slow, greedy or up to something.
#include <catch2/catch.hpp>

#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds soon{3000};

raw_answer send_raw(gateway_fixture& g, const std::string& bytes) {
  raw_client client{g.server->port()};
  client.send(bytes);
  return client.read_answer();
}

} // namespace

TEST_CASE("malformed JSON has its own body") {
  gateway_fixture g;
  for (const char* wrong : {"{", "{\"a\":}", "nul", "{\"a\":1}x", "\xff\xfe",
                            "{\"name\":\"\xc3\x28\"}"}) {
    INFO(wrong);
    auto a = g.call("POST", "/api/sandbox", wrong);
    CHECK(a.status == 400);
    CHECK(a.text("message") == "Invalid JSON in request body");
    CHECK(a.text("error") == "Bad Request");
    CHECK(a.json().at("statusCode") == 400);
    CHECK(a.json().size() == 3);
  }
  std::string deep(10'000, '[');
  CHECK(g.call("POST", "/api/sandbox", deep).status == 400);
  CHECK(g.world.commands().empty());
}

TEST_CASE("a control body over a mebibyte is refused, announced or not") {
  gateway_fixture g;
  {
    raw_client client{g.server->port()};
    client.send("POST /api/sandbox HTTP/1.1\r\nHost: x\r\nAuthorization: "
                "Bearer "
                + g.key + "\r\nContent-Length: 1048577\r\n\r\n");
    auto a = client.read_answer();
    CHECK(a.status == 413);
    CHECK(a.text("message") == "request entity too large");
    CHECK(a.headers["connection"] == "close");
  }
  raw_client client{g.server->port()};
  client.send("POST /api/sandbox HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
              + g.key + "\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 17; ++i)
    client.send(chunk);
  CHECK(client.read_answer().status == 413);
  CHECK(g.world.commands().empty());
}

TEST_CASE("a body just under the limit is read, chunked or not") {
  gateway_fixture g;
  std::string body = "{\"x\":\"" + std::string(1'000'000, 'x') + "\"}";
  CHECK(g.call("POST", "/api/sandbox", body).status == 200);
  raw_client client{g.server->port()};
  client.send(request_text("POST", "/api/sandbox", g.key, "",
                           {"Transfer-Encoding: chunked"}));
  client.send("5;ext=1\r\n{\"a\":\r\n");
  client.send("2\r\n1}\r\n0\r\nTrailer: x\r\n\r\n");
  CHECK(client.read_answer().status == 200);
  client.send(request_text("GET", "/health", ""));
  CHECK(client.read_answer().status == 200);
}

TEST_CASE("requests two readers could understand differently are refused") {
  gateway_fixture g;
  const std::string start =
      "POST /api/sandbox HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + g.key
      + "\r\n";
  const std::string smuggled = "GET /api/config HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string rows[] = {
      start + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
      start
          + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
      start + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
      start + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      start + "Content-Length: 2, 2\r\n\r\n{}",
      start + "Content-Length: +2\r\n\r\n{}",
      start + "Content-Length: -2\r\n\r\n{}",
      start + "Content-Length: 0x2\r\n\r\n{}",
      start + "Content-Length: 99999999999999999999\r\n\r\n{}",
      start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
      start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
      start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      start
          + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      start + "Bad Field: x\r\n\r\n",
      start + "X: a\nContent-Length: 2\r\n\r\n{}",
      "POST /api/sandbox HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n",
  };
  for (const auto& bytes : rows) {
    INFO(bytes);
    raw_client client{g.server->port()};
    client.send(bytes);
    auto a = client.read_answer();
    CHECK(a.status == 400);
    CHECK(a.headers["connection"] == "close");
    client.shut_writing();
    CHECK(client.is_closed_within(soon));
  }
  CHECK(g.world.commands().empty());
}

TEST_CASE("chunks that are none are refused") {
  gateway_fixture g;
  for (const char* chunks :
       {"zz\r\nhello\r\n0\r\n\r\n", "-1\r\nx\r\n0\r\n\r\n",
        "2\r\n{}x\r\n0\r\n\r\n", "ffffffffffffffffff\r\n{}\r\n",
        "2 \r\n{}\r\n0\r\n\r\n"}) {
    INFO(chunks);
    CHECK(send_raw(g, request_text("POST", "/api/sandbox", g.key, "",
                                   {"Transfer-Encoding: chunked"})
                          + chunks)
              .status
          == 400);
  }
  CHECK(g.world.commands().empty());
}

TEST_CASE("heads that are no HTTP are refused") {
  gateway_fixture g;
  for (const char* bytes :
       {"GET\r\n\r\n", "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET /health HTTP/1.1\nHost: x\n\n",
        "GET health HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET /hea lth HTTP/1.1\r\nHost: x\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello over TLS\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nX: a\x01 b\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    INFO(bytes);
    auto a = send_raw(g, bytes);
    CHECK(a.status == 400);
    CHECK(a.headers["connection"] == "close");
  }
}

TEST_CASE("an absolute target is the same as its path") {
  gateway_fixture g;
  auto a =
      send_raw(g, "GET http://any/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(a.status == 200);
}

TEST_CASE("a head over 16 KiB is refused with 431") {
  gateway_fixture g;
  auto fits = request_text("GET", "/health", "", "",
                           {"X-Long: " + std::string(15'000, 'x')});
  CHECK(send_raw(g, fits).status == 200);
  auto one_long = request_text("GET", "/health", "", "",
                               {"X-Long: " + std::string(17'000, 'x')});
  CHECK(send_raw(g, one_long).status == 431);
  CHECK(send_raw(g, "GET /" + std::string(70'000, 'x')
                        + " HTTP/1.1\r\nHost: x\r\n\r\n")
            .status
        == 431);
}

TEST_CASE("broken percent escapes in a path fit no route") {
  gateway_fixture g;
  for (const char* path :
       {"/api/sandbox/%", "/api/sandbox/%zz", "/api/sandbox/%00"})
    CHECK(g.call("GET", path).status == 404);
}

TEST_CASE("a client that is slow with its head is closed") {
  gateway_fixture g;
  raw_client client{g.server->port()};
  client.send("GET /health HTTP/1.1\r\nHost:");
  CHECK(client.is_closed_within(soon));
}

TEST_CASE("a client that sends nothing is closed") {
  gateway_fixture g;
  raw_client client{g.server->port()};
  CHECK(client.is_closed_within(soon));
}

TEST_CASE("a client that is slow with its body is closed") {
  gateway_fixture g;
  raw_client client{g.server->port()};
  client.send("POST /api/sandbox HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
              + g.key + "\r\nContent-Length: 10\r\n\r\n{");
  CHECK(client.is_closed_within(soon));
  CHECK(g.world.commands().empty());
}

TEST_CASE("one connection serves many requests, also sent all at once") {
  gateway_fixture g;
  raw_client client{g.server->port()};
  std::string all;
  for (int i = 0; i < 20; ++i)
    all += request_text("POST", "/api/sandbox", g.key, "{}");
  all += request_text("GET", "/api/nope", g.key, "ignored body");
  all += request_text("GET", "/health", "", "", {"Connection: close"});
  client.send(all);
  for (int i = 0; i < 20; ++i)
    CHECK(client.read_answer().status == 200);
  CHECK(client.read_answer().status == 404);
  auto last = client.read_answer();
  CHECK(last.status == 200);
  CHECK(last.headers["connection"] == "close");
  client.shut_writing();
  CHECK(client.is_closed_within(soon));
}

TEST_CASE("an unauthorized body is not waited for") {
  gateway_fixture g;
  raw_client client{g.server->port()};
  client.send("POST /api/sandbox HTTP/1.1\r\nHost: x\r\nContent-Length: "
              "100\r\n\r\n");
  CHECK(client.read_answer().status == 401);
  client.send(std::string(100, 'x'));
  client.send(request_text("GET", "/health", ""));
  CHECK(client.read_answer().status == 200);
}

TEST_CASE("a client that waits for leave to send gets it, or the refusal") {
  gateway_fixture g;
  {
    raw_client client{g.server->port()};
    client.send(request_text("POST", "/api/sandbox", g.key, "",
                             {"Expect: 100-continue", "Content-Length: 2"}));
    CHECK(client.read_answer().status == 100);
    client.send("{}");
    CHECK(client.read_answer().status == 200);
  }
  raw_client client{g.server->port()};
  client.send(request_text("POST", "/api/sandbox", "", "",
                           {"Expect: 100-continue", "Content-Length: 2"}));
  auto a = client.read_answer();
  CHECK(a.status == 401);
  CHECK(a.headers["connection"] == "close");
}

TEST_CASE("old clients are served and told when it ends") {
  gateway_fixture g;
  auto a = send_raw(g, "GET /health HTTP/1.0\r\n\r\n");
  CHECK(a.status == 200);
  CHECK(a.headers["connection"] == "close");
}

TEST_CASE("HEAD is GET without the body") {
  gateway_fixture g;
  auto a = g.call("HEAD", "/api/config");
  CHECK(a.status == 200);
  CHECK(a.headers["content-length"] != "0");
  CHECK(a.body.empty());
}

TEST_CASE("keys in odd places and shapes do not open anything") {
  gateway_fixture g;
  auto with = [&](const std::string& fields) {
    return send_raw(g, "GET /api/sandbox HTTP/1.1\r\nHost: x\r\n" + fields
                           + "\r\n\r\n")
        .status;
  };
  CHECK(with("Authorization: Bearer " + g.key) == 200);
  CHECK(with("authorization: bearer " + g.key) == 200);
  CHECK(with("Authorization: Bearer " + g.key + "x") == 401);
  CHECK(with("Authorization: Basic " + g.key) == 401);
  CHECK(with("Authorization: " + g.key) == 401);
  CHECK(with("Authorization: Bearer ") == 401);
  CHECK(with("Authorization: Bearer " + std::string(5000, 'x')) == 401);
  CHECK(with("Authorization: Bearer x\r\nAuthorization: Bearer " + g.key)
        == 401);
  CHECK(with("X-Api-Key: " + g.key) == 401);
  g.world.revoke(g.key);
  CHECK(with("Authorization: Bearer " + g.key) == 401);
}

TEST_CASE("more connections than it may have are turned away") {
  auto options = test_options();
  options.bounds.streams = 3;
  gateway_fixture g{options};
  raw_client one{g.server->port()};
  raw_client two{g.server->port()};
  raw_client three{g.server->port()};
  for (auto* c : {&one, &two, &three}) {
    c->send(request_text("GET", "/health", ""));
    CHECK(c->read_answer().status == 200);
  }
  raw_client four{g.server->port()};
  auto turned_away = four.read_answer();
  CHECK(turned_away.status == 503);
  CHECK(turned_away.headers["retry-after"] == "1");
}

TEST_CASE("many threads of clients get their own answers") {
  gateway_fixture g;
  constexpr int clients = 8;
  constexpr int rounds = 25;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < clients; ++t)
    threads.emplace_back([&, t] {
      raw_client client{g.server->port()};
      for (int i = 0; i < rounds; ++i) {
        auto name = "c" + std::to_string(t) + "-" + std::to_string(i);
        client.send(request_text("POST", "/api/sandbox", g.key,
                                 "{\"name\":\"" + name + "\"}"));
        auto a = client.read_answer();
        good += a.status == 200 && a.text("name") == name;
      }
    });
  for (auto& t : threads)
    t.join();
  CHECK(good == clients * rounds);
}

TEST_CASE("stopping lets an open request end and closes idle connections") {
  auto g = std::make_unique<gateway_fixture>();
  g->world.comes_out = sandbox_state::creating;
  raw_client idle{g->server->port()};
  idle.send(request_text("GET", "/health", ""));
  CHECK(idle.read_answer().status == 200);
  raw_client busy{g->server->port()};
  busy.send(request_text("POST", "/api/sandbox", g->key, "{}"));
  while (g->world.commands().empty())
    std::this_thread::yield();
  std::thread stopping{[&] { g->server->stop(); }};
  CHECK(idle.is_closed_within(soon));
  auto a = busy.read_answer();
  CHECK(a.status == 200);
  CHECK(a.headers["connection"] == "close");
  busy.shut_writing();
  stopping.join();
  CHECK_THROWS(raw_client{g->server->port()});
}
