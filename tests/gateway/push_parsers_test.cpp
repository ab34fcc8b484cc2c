#include <catch2/catch.hpp>

#include "gateway/push/accept_key.hpp"
#include "gateway/push/socket_packet.hpp"
#include "gateway/push/websocket_frame.hpp"
#include "tests/gateway/client_frame.hpp"

using namespace varve::gateway;
using varve::test::client_frame;
using kind = socket_packet::kind;

namespace {

std::vector<frame_message> read(std::string_view bytes,
                                std::optional<close_code> closes_with = {}) {
  frame_reader reader{200};
  std::vector<frame_message> out;
  CHECK(reader.feed(bytes, out) == closes_with);
  return out;
}

} // namespace

TEST_CASE("a client's frames are unmasked and put together") {
  auto whole = read(client_frame(frame_kind::text, "3"));
  REQUIRE(whole.size() == 1);
  CHECK(whole[0].kind == frame_kind::text);
  CHECK(whole[0].payload == "3");
  auto pieces = client_frame(frame_kind::text, "40{", false)
                + client_frame(frame_kind::ping, "?")
                + client_frame(frame_kind::continuation, "}");
  for (std::size_t cut = 0; cut <= pieces.size(); ++cut) {
    frame_reader reader{200};
    std::vector<frame_message> out;
    CHECK(!reader.feed(pieces.substr(0, cut), out));
    CHECK(!reader.feed(pieces.substr(cut), out));
    REQUIRE(out.size() == 2);
    CHECK(out[0].kind == frame_kind::ping);
    CHECK(out[1].payload == "40{}");
  }
}

TEST_CASE("a long length is read in either width") {
  std::string text(150, 'x');
  auto read_back = read(client_frame(frame_kind::text, text));
  REQUIRE(read_back.size() == 1);
  CHECK(read_back[0].payload == text);
  auto server = frame_of(frame_kind::text, std::string(70'000, 'y'));
  CHECK(server.size() == 70'010);
  CHECK(frame_of(frame_kind::text, text).size() == 154);
}

TEST_CASE("what breaks the protocol of WebSockets closes the session") {
  auto broken = close_code::protocol_error;
  CHECK(read(frame_of(frame_kind::text, "unmasked"), broken).empty());
  CHECK(read(std::string{"\xc1\x80", 2}, broken).empty()); // an extension's bit
  CHECK(read(std::string{"\x83\x80", 2}, broken).empty()); // an unknown kind
  CHECK(read(client_frame(frame_kind::continuation, "x"), broken).empty());
  CHECK(read(client_frame(frame_kind::ping, "x", false), broken).empty());
  CHECK(read(client_frame(frame_kind::ping, std::string(126, 'x')), broken)
            .empty());
  CHECK(read(client_frame(frame_kind::text, "a", false)
                 + client_frame(frame_kind::text, "b"),
             broken)
            .empty());
  CHECK(read(client_frame(frame_kind::text, std::string(201, 'x')),
             close_code::too_big)
            .empty());
  CHECK(read(client_frame(frame_kind::text, std::string(150, 'x'), false)
                 + client_frame(frame_kind::continuation, std::string(51, 'x')),
             close_code::too_big)
            .empty());
}

TEST_CASE("the handshake is answered as the standard's example has it") {
  CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==")
        == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(!accept_key("dGhlIHNhbXBsZSBub25jZQ="));
  CHECK(!accept_key("????????????????????????"));
  CHECK(!accept_key(""));
}

TEST_CASE("the packets of clients are read") {
  CHECK(parse_packet("3")->what == kind::pong);
  CHECK(parse_packet("1")->what == kind::close);
  CHECK(parse_packet("6")->what == kind::noop);
  auto connect = parse_packet("40{\"token\":\"k\"}");
  CHECK(connect->what == kind::connect);
  CHECK(connect->name_space == "/");
  CHECK(connect->data == "{\"token\":\"k\"}");
  CHECK(parse_packet("40")->data.empty());
  auto elsewhere = parse_packet("40/admin?x=1,{}");
  CHECK(elsewhere->name_space == "/admin");
  CHECK(elsewhere->data == "{}");
  CHECK(parse_packet("40/admin")->name_space == "/admin");
  CHECK(parse_packet("41")->what == kind::disconnect);
  auto event = parse_packet("4217[\"x\"]");
  CHECK(event->what == kind::event);
  CHECK(event->data == "[\"x\"]");
}

TEST_CASE("what no client of these versions sends is no packet") {
  for (auto text : {"", "0{}", "2", "3probe", "5", "7", "4", "43[]", "44{}",
                    "451-[]", "40[]", "40 {}", "42{}", "42", "4012{}",
                    "421234567890123456[]", "b64", "x"})
    CHECK(!parse_packet(text));
}

TEST_CASE("packets of the server are as clients read them") {
  CHECK(open_packet("s\"1", 25000, 20000, 16384)
        == "0{\"sid\":\"s\\\"1\",\"upgrades\":[],\"pingInterval\":25000,"
           "\"pingTimeout\":20000,\"maxPayload\":16384}");
  CHECK(connected_packet("a") == "40{\"sid\":\"a\"}");
  CHECK(refused_packet("/", "no") == "44{\"message\":\"no\"}");
  CHECK(refused_packet("/x", "no") == "44/x,{\"message\":\"no\"}");
  CHECK(event_packet("sandbox.created", "{\"id\":1}")
        == "42[\"sandbox.created\",{\"id\":1}]");
}
