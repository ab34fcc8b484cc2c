// Frames of WebSocket clients, whole and in pieces.
#include <cstdint>

#include <fuzzer/FuzzedDataProvider.h>

#include "runner/toolbox/websocket.hpp"
#include "tests/fuzz/claim.hpp"
#include "tests/fuzz/pieces.hpp"

namespace {

using namespace varve::toolbox;
using varve::fuzz::claim;

constexpr std::size_t message_limit = 300;

struct outcome {
  unsigned closed_with = 0;
  std::vector<ws_message> messages;
};

outcome read(const std::vector<std::string_view>& pieces) {
  ws_reader reader{message_limit};
  outcome out;
  for (auto piece : pieces)
    if (auto bad = reader.feed(piece, out.messages)) {
      out.closed_with = *bad;
      break;
    }
  return out;
}

void check(const ws_message& m) {
  bool is_control = m.kind == ws_kind::close || m.kind == ws_kind::ping
                    || m.kind == ws_kind::pong;
  claim(is_control || m.kind == ws_kind::text || m.kind == ws_kind::binary,
        "a message is of a known kind");
  claim(m.payload.size() <= (is_control ? 125 : message_limit),
        "a message is within its limit");
}

// An answer as its client sees it, which may not mask.
void check_frame(const ws_message& m) {
  auto frame = ws_frame(m.kind, m.payload);
  claim(frame.ends_with(m.payload), "a frame ends with its payload");
  claim(frame.size() - m.payload.size() <= 10, "a header is short");
  ws_reader own{message_limit};
  std::vector<ws_message> none;
  claim(own.feed(frame, none) == ws_code::protocol_error,
        "a client's frame is masked");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  varve::fuzz::cut_text stream{from};
  auto cut = read(stream.pieces);
  auto at_once = read({stream.whole});
  claim(cut.closed_with == at_once.closed_with, "cuts break no protocol");
  claim(cut.messages.size() == at_once.messages.size(), "nor lose messages");
  for (std::size_t i = 0; i < cut.messages.size(); ++i) {
    claim(cut.messages[i].kind == at_once.messages[i].kind
              && cut.messages[i].payload == at_once.messages[i].payload,
          "nor change them");
    check(cut.messages[i]);
    check_frame(cut.messages[i]);
  }
  return 0;
}
