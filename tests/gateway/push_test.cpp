#include <catch2/catch.hpp>

#include <future>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "gateway/push/websocket_frame.hpp"
#include "tests/gateway/client_frame.hpp"
#include "tests/gateway/gateway_fixture.hpp"

namespace varve::test {

namespace {

using gateway::frame_kind;
using namespace std::chrono_literals;
namespace json = boost::json;

constexpr const char* target =
    "/api/socket.io/?source=sdk-typescript&sdkVersion=0.218.0&EIO=4"
    "&transport=websocket";

gateway::gateway_options brisk_options() {
  auto out = test_options();
  out.bounds.ping_interval = 500ms;
  out.bounds.ping_timeout = 700ms;
  out.bounds.push_clients = 3;
  return out;
}

std::string upgrade_text(std::string_view where = target) {
  return "GET " + std::string{where}
         + " HTTP/1.1\r\nHost: here:1\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

// One client's socket.
class listener {
 public:
  explicit listener(std::uint16_t port, std::string_view where = target)
      : client_(port) {
    client_.send(upgrade_text(where));
    status = client_.read_answer(true).status;
    if (status == 101)
      opened = heard();
  }

  void say(std::string_view packet) {
    client_.send(client_frame(frame_kind::text, packet));
  }
  void send(frame_kind kind, std::string_view payload) {
    client_.send(client_frame(kind, payload));
  }

  // The next packet; pings are answered. Empty when the server closed.
  std::string heard() {
    for (;;) {
      auto head = client_.read_exactly(2);
      if (head.size() < 2)
        return {};
      auto size = static_cast<unsigned char>(head[1]) & 0x7fu;
      if (size == 126) {
        auto wide = client_.read_exactly(2);
        size = static_cast<unsigned char>(wide[0]) << 8
               | static_cast<unsigned char>(wide[1]);
      }
      auto payload = client_.read_exactly(size);
      if ((head[0] & 0x0f) == static_cast<int>(frame_kind::close))
        return "closed " + std::to_string(close_code_of(payload));
      if (payload != "2")
        return payload;
      ++pings;
      if (answers_pings)
        say("3");
    }
  }

  bool connect(const std::string& key) {
    say("40{\"token\":\"" + key + "\"}");
    return heard().starts_with("40{\"sid\":");
  }

  bool is_closed_within(std::chrono::milliseconds limit) {
    return client_.is_closed_within(limit);
  }
  raw_client& raw() {
    return client_;
  }

  unsigned status = 0;
  std::string opened;
  bool answers_pings = true;
  int pings = 0;

 private:
  static unsigned close_code_of(const std::string& payload) {
    return payload.size() < 2 ? 0u
                              : static_cast<unsigned char>(payload[0]) << 8
                                    | static_cast<unsigned char>(payload[1]);
  }

  raw_client client_;
};

json::array event_in(const std::string& packet) {
  REQUIRE(packet.starts_with("42["));
  return json::parse(packet.substr(2)).as_array();
}

std::string text_in(const json::value& object, const char* member) {
  return std::string{object.as_object().at(member).as_string()};
}

} // namespace

TEST_CASE("a client hears of its organization's sandboxes, and only of those") {
  gateway_fixture g;
  std::string other = "0b9a7c1e-0000-4000-8000-00000000000b";
  auto other_key = g.world.add_key(other, {});
  listener mine{g.server->port()}, theirs{g.server->port()};
  CHECK(mine.status == 101);
  CHECK(mine.opened.starts_with("0{\"sid\":\""));
  REQUIRE(mine.connect(g.key));
  REQUIRE(theirs.connect(other_key));
  auto box = g.world.add_sandbox(fake_world::home);
  g.world.announce(std::nullopt, box);
  g.world.announce(sandbox_state::creating, box);
  auto created = event_in(mine.heard());
  CHECK(created[0].as_string() == "sandbox.created");
  CHECK(text_in(created[1], "id") == box.id);
  CHECK(text_in(created[1], "toolboxProxyUrl") == "http://here:1/toolbox");
  auto updated = event_in(mine.heard());
  CHECK(updated[0].as_string() == "sandbox.state.updated");
  CHECK(text_in(updated[1], "oldState") == "creating");
  CHECK(text_in(updated[1], "newState") == "started");
  CHECK(text_in(updated[1].as_object().at("sandbox"), "state") == "started");
  CHECK(text_in(updated[1].as_object().at("sandbox"), "organizationId")
        == fake_world::home);
  auto foreign = g.world.add_sandbox(other);
  g.world.announce(std::nullopt, foreign);
  CHECK(text_in(event_in(theirs.heard())[1], "id") == foreign.id);
}

TEST_CASE("who bears no good key is told so and hears nothing") {
  gateway_fixture g;
  listener box{g.server->port()};
  for (auto auth : {"40", "40{}", "40{\"token\":1}", "40{\"token\":\"no\"}",
                    "40{\"token\":", "40/admin,{}"}) {
    box.say(auth);
    auto answer = box.heard();
    CHECK(answer.starts_with("44"));
    CHECK(answer.find("\"message\":") != std::string::npos);
  }
  CHECK(box.connect(g.key)); // it may try again
  listener elsewhere{g.server->port(),
                     std::string{target} + "&organizationId=another"};
  elsewhere.say("40{\"token\":\"" + g.key + "\"}");
  CHECK(elsewhere.heard().starts_with("44"));
  listener here{g.server->port(),
                std::string{target} + "&organizationId=" + fake_world::home};
  CHECK(here.connect(g.key));
}

TEST_CASE("who does not say whose key it bears is closed in time") {
  gateway_fixture g;
  listener silent{g.server->port()};
  CHECK(silent.is_closed_within(2000ms));
}

TEST_CASE("a silent client is pinged, and closed when it does not answer") {
  gateway_fixture g{brisk_options()};
  listener lively{g.server->port()}, dead{g.server->port()};
  REQUIRE(lively.connect(g.key));
  REQUIRE(dead.connect(g.key));
  dead.answers_pings = false;
  auto end = std::async(std::launch::async, [&] { return dead.heard(); });
  auto news = std::async(std::launch::async, [&] { return lively.heard(); });
  CHECK(end.get().empty());
  CHECK(dead.pings >= 1);
  auto box = g.world.add_sandbox(fake_world::home);
  g.world.announce(std::nullopt, box);
  CHECK(news.get().starts_with("42[\"sandbox.created\""));
  CHECK(lively.pings >= 1);
}

TEST_CASE("there is an end to how many listen") {
  gateway_fixture g{brisk_options()};
  {
    listener a{g.server->port()}, b{g.server->port()}, c{g.server->port()};
    CHECK(c.status == 101);
    CHECK(listener{g.server->port()}.status == 503);
    a.say("41");
    CHECK(a.heard() == "closed 1000");
  }
  auto until = std::chrono::steady_clock::now() + 5s;
  unsigned status = 0;
  while (status != 101 && std::chrono::steady_clock::now() < until)
    status = listener{g.server->port()}.status;
  CHECK(status == 101);
}

TEST_CASE("what breaks the protocol closes the session and says why") {
  gateway_fixture g;
  for (auto [kind, text, code] :
       {std::tuple{frame_kind::text, "nonsense", "closed 1002"},
        std::tuple{frame_kind::text, "42[\"hello\"]", "closed 1008"},
        std::tuple{frame_kind::text, "1", "closed 1000"},
        std::tuple{frame_kind::binary, "3", "closed 1003"},
        std::tuple{frame_kind::close, "\x03\xe8", "closed 1000"}}) {
    listener box{g.server->port()};
    REQUIRE(box.connect(g.key));
    box.send(kind, text);
    CHECK(box.heard() == code);
    CHECK(box.is_closed_within(5000ms));
  }
  listener pinging{g.server->port()};
  pinging.send(frame_kind::ping, "hello");
  CHECK(pinging.heard() == "hello");
}

TEST_CASE("what is no handshake of Engine.IO 4 over a WebSocket is refused") {
  gateway_fixture g;
  auto code_of = [&](std::string_view query) {
    auto answer = g.call("GET", "/api/socket.io/" + std::string{query});
    CHECK(answer.status == 400);
    return answer.json().at("code").as_int64();
  };
  CHECK(code_of("") == 5);
  CHECK(code_of("?EIO=3&transport=websocket") == 5);
  CHECK(code_of("?EIO=4&transport=polling") == 0);
  CHECK(code_of("?EIO=4&transport=websocket&sid=1") == 1);
  CHECK(code_of("?EIO=4&transport=websocket") == 3);
  CHECK(g.call("POST", target, "{}").status == 400);
}

TEST_CASE("a revoked key ends what it opened") {
  gateway_fixture g;
  listener box{g.server->port()};
  REQUIRE(box.connect(g.key));
  g.world.revoke(g.key);
  CHECK(box.is_closed_within(3000ms));
}

TEST_CASE("who does not read is dropped, and the others hear on") {
  gateway_fixture g;
  listener stuck{g.server->port()}, reading{g.server->port()};
  REQUIRE(stuck.connect(g.key));
  REQUIRE(reading.connect(g.key));
  auto box = g.world.add_sandbox(fake_world::home);
  box.labels["large"] = std::string(60'000, 'x');
  // More than what two sockets' buffers and the queue hold.
  constexpr int count = 400;
  for (int i = 0; i < count; ++i) {
    g.world.announce(sandbox_state::started, box);
    CHECK(reading.heard().starts_with("42[\"sandbox.state.updated\""));
  }
  std::string rest;
  for (std::string part = "x"; !part.empty();) {
    part = stuck.raw().read_exactly(65'536);
    rest += part.substr(0, 1);
  }
  CHECK(rest.size() < count); // it ended before all of it
}

TEST_CASE("listening clients do not hold up the end") {
  gateway_fixture g;
  listener box{g.server->port()};
  REQUIRE(box.connect(g.key));
  auto before = std::chrono::steady_clock::now();
  g.server->stop();
  CHECK(std::chrono::steady_clock::now() - before < 5s);
}

} // namespace varve::test
