#include "runner/toolbox/websocket.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "runner/toolbox/sessions/session_requests.hpp"

using namespace varve::toolbox;

namespace {

// As a client sends it.
std::string masked(unsigned char first, std::string_view payload) {
  std::string out{static_cast<char>(first)};
  auto size = payload.size();
  if (size < 126) {
    out += static_cast<char>(0x80 | size);
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size);
  }
  const std::string_view mask = "\x11\x22\x33\x44";
  out += mask;
  for (std::size_t i = 0; i < size; ++i)
    out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

request with(std::string version, std::string subprotocols = {}) {
  request rq;
  rq.sdk_version = std::move(version);
  rq.subprotocols = std::move(subprotocols);
  return rq;
}

} // namespace

TEST_CASE("the handshake's answer is the one of RFC 6455") {
  CHECK(ws_accept("dGhlIHNhbXBsZSBub25jZQ==")
        == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(is_ws_key("dGhlIHNhbXBsZSBub25jZQ=="));
  CHECK_FALSE(is_ws_key("dGhlIHNhbXBsZSBub25jZQ"));
  CHECK_FALSE(is_ws_key("dGhlIHNhb\nBsZSBub25jZQ=="));
  CHECK_FALSE(is_ws_key(""));
}

TEST_CASE("frames are read however the bytes are cut") {
  std::string big(300, 'b');
  auto bytes = masked(0x81, "hi") + masked(0x02, "one ") + masked(0x89, "p")
               + masked(0x80, big) + masked(0x88, "\x03\xe8");
  std::mt19937 random{3};
  for (int round = 0; round < 50; ++round) {
    ws_reader reader{1000};
    std::vector<ws_message> got;
    for (std::string_view rest = bytes; !rest.empty();) {
      auto n = std::min<std::size_t>(1 + random() % 9, rest.size());
      CHECK_FALSE(reader.feed(rest.substr(0, n), got));
      rest.remove_prefix(n);
    }
    REQUIRE(got.size() == 4);
    CHECK(got[0].kind == ws_kind::text);
    CHECK(got[0].payload == "hi");
    CHECK(got[1].kind == ws_kind::ping);
    CHECK(got[2].kind == ws_kind::binary);
    CHECK(got[2].payload == "one " + big);
    CHECK(got[3].kind == ws_kind::close);
  }
}

TEST_CASE("what breaks the protocol is told by the close code") {
  auto code = [](const std::string& bytes, std::size_t limit = 10) {
    ws_reader reader{limit};
    std::vector<ws_message> got;
    return reader.feed(bytes, got).value_or(0);
  };
  CHECK(code(masked(0x81, "0123456789")) == 0);
  CHECK(code(masked(0x81, "0123456789a")) == ws_code::too_big);
  CHECK(code(masked(0x01, "012345") + masked(0x80, "012345"))
        == ws_code::too_big);
  CHECK(code("\x81\x01x") == ws_code::protocol_error);
  CHECK(code(masked(0x83, "")) == ws_code::protocol_error);
  CHECK(code(masked(0x8b, "")) == ws_code::protocol_error);
  CHECK(code(masked(0xc1, "")) == ws_code::protocol_error);
  CHECK(code(masked(0x80, "x")) == ws_code::protocol_error);
  CHECK(code(masked(0x01, "x") + masked(0x81, "y")) == ws_code::protocol_error);
  CHECK(code(masked(0x09, "x")) == ws_code::protocol_error);
  CHECK(code(masked(0x89, std::string(126, 'x'))) == ws_code::protocol_error);
  std::string huge{"\x82\xff"};
  CHECK(code(huge + "\x80" + std::string(7, '\0')) == ws_code::protocol_error);
  CHECK(code(huge + "\x7f" + std::string(7, '\xff')) == ws_code::too_big);
}

TEST_CASE("random bytes never make a message longer than the limit") {
  std::mt19937 random{11};
  for (int round = 0; round < 3000; ++round) {
    ws_reader reader{50};
    std::vector<ws_message> got;
    std::string bytes;
    for (int i = 0; i < 60; ++i)
      bytes += static_cast<char>(
          i < 2 ? (random() % 2 ? 0x81 + i : 0x02 + random() % 8) : random());
    reader.feed(bytes, got);
    for (const auto& one : got)
      CHECK(one.payload.size() <= 125);
  }
}

TEST_CASE("frames of every size are written as a server must") {
  CHECK(ws_frame(ws_kind::text, "hi") == "\x81\x02hi");
  auto middle = ws_frame(ws_kind::binary, std::string(300, 'x'));
  CHECK(middle.substr(0, 4) == "\x82\x7e\x01\x2c");
  auto large = ws_frame(ws_kind::binary, std::string(70'000, 'x'));
  CHECK(large.substr(0, 10)
        == std::string_view("\x82\x7f\0\0\0\0\0\x01\x11\x70", 10));
  CHECK(large.size() == 70'010);
  CHECK(ws_close_frame(1000, "{}") == "\x88\x04\x03\xe8{}");
  CHECK(ws_close_frame(1011, std::string(500, 'r')).size() == 127);
}

TEST_CASE("output is told by the client's version") {
  using style = output_style;
  CHECK(style_for(with("")) == style::combined);
  CHECK(style_for(with("0.26.9")) == style::combined);
  CHECK(style_for(with("0.27.0")) == style::marked);
  CHECK(style_for(with("v0.166.0")) == style::marked);
  CHECK(style_for(with("0.167.0a1")) == style::split);
  CHECK(style_for(with("0.0.0.pre.dev")) == style::split);
  CHECK(style_for(with("unknown")) == style::split);
  CHECK(style_for(with("99999999999.0.0")) == style::split);
  CHECK(style_for(with("", "x, X-Daytona-SDK-Version~0.30.0"))
        == style::marked);
  CHECK(begins_at_home(with("0.102.0")));
  CHECK_FALSE(begins_at_home(with("0.103.0")));
  CHECK_FALSE(begins_at_home(with("")));
}

TEST_CASE("paths of sessions are told apart") {
  auto verb = [](const char* method, const char* path) {
    auto found = find_session_target(method, path);
    return found ? static_cast<int>(found->verb) : -1;
  };
  CHECK(verb("POST", "/process/session")
        == static_cast<int>(session_verb::create));
  CHECK(verb("DELETE", "/process/session/a")
        == static_cast<int>(session_verb::remove));
  CHECK(verb("GET", "/process/session/a/command/b/logs")
        == static_cast<int>(session_verb::logs));
  CHECK(verb("GET", "/process/session/a/logs") == -1);
  CHECK(verb("GET", "/process/session//x") == -1);
  CHECK(verb("GET", "/process/session/a/command//logs") == -1);
  CHECK(verb("POST", "/process/session/a/exec/b") == -1);
}
