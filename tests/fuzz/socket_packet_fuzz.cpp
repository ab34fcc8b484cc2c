// What clients of the push endpoint send: frames, whole and in pieces, and the
// packets in them.
#include <cstdint>

#include <fuzzer/FuzzedDataProvider.h>

#include "gateway/push/socket_packet.hpp"
#include "gateway/push/websocket_frame.hpp"
#include "tests/fuzz/claim.hpp"
#include "tests/fuzz/pieces.hpp"

namespace {

using namespace varve::gateway;
using varve::fuzz::claim;

constexpr std::size_t longest = 300;

struct outcome {
  std::optional<close_code> closed_with;
  std::vector<frame_message> messages;
};

outcome read(const std::vector<std::string_view>& pieces) {
  frame_reader reader{longest};
  outcome out;
  for (auto piece : pieces) {
    out.closed_with = reader.feed(piece, out.messages);
    if (out.closed_with)
      break;
  }
  return out;
}

bool is_within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data()
         && part.data() + part.size() <= whole.data() + whole.size();
}

void check_packet(std::string_view text) {
  auto packet = parse_packet(text);
  if (!packet)
    return;
  claim(packet->data.empty() || is_within(packet->data, text),
        "data is what was sent");
  claim(packet->name_space == "/" || is_within(packet->name_space, text),
        "and so is its namespace");
  claim(packet->name_space.starts_with('/'), "which has a name");
  claim(packet->what != socket_packet::kind::event
            || packet->data.starts_with('['),
        "an event is a list");
}

void check_message(const frame_message& m) {
  auto kind = static_cast<unsigned>(m.kind);
  bool is_control = kind >= 8 && kind <= 10;
  claim(is_control || m.kind == frame_kind::text
            || m.kind == frame_kind::binary,
        "a message is of a known kind");
  claim(m.payload.size() <= (is_control ? 125 : longest),
        "a message is within its limit");
  auto frame = frame_of(m.kind, m.payload);
  claim(frame.ends_with(m.payload), "a frame ends with its payload");
  frame_reader own{longest};
  std::vector<frame_message> none;
  claim(own.feed(frame, none) == close_code::protocol_error,
        "a client's frame is masked");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  check_packet({reinterpret_cast<const char*>(data), size});
  FuzzedDataProvider from{data, size};
  varve::fuzz::cut_text stream{from};
  auto cut = read(stream.pieces);
  auto at_once = read({stream.whole});
  claim(cut.closed_with == at_once.closed_with, "cuts break no protocol");
  claim(cut.messages.size() == at_once.messages.size(), "nor lose messages");
  for (std::size_t i = 0; i < cut.messages.size(); ++i) {
    const auto& m = cut.messages[i];
    claim(m.kind == at_once.messages[i].kind
              && m.payload == at_once.messages[i].payload,
          "nor change them");
    check_message(m);
    check_packet(m.payload);
  }
  return 0;
}
