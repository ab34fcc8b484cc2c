// A WebSocket frame as a client sends it.
#pragma once

#include "gateway/push/websocket_frame.hpp"

namespace varve::test {

inline std::string client_frame(gateway::frame_kind kind,
                                std::string_view payload, bool is_last = true) {
  constexpr std::string_view mask = "\x11\x22\x33\x44";
  auto frame = gateway::frame_of(kind, payload);
  auto header = frame.size() - payload.size();
  if (!is_last)
    frame[0] = static_cast<char>(frame[0] & 0x7f);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame[header + i] = static_cast<char>(payload[i] ^ mask[i % mask.size()]);
  frame.insert(header, mask);
  return frame;
}

} // namespace varve::test
