#include "runner/toolbox/websocket.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace varve::toolbox {

namespace {

using byte = unsigned char;

constexpr std::size_t control_limit = 125;
constexpr std::string_view accept_suffix =
    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_control(ws_kind kind) {
  return static_cast<byte>(kind) >= 8;
}

std::uint32_t rotated(std::uint32_t value, int bits) {
  return value << bits | value >> (32 - bits);
}

void mix_block(std::array<std::uint32_t, 5>& state, const byte* block) {
  std::uint32_t w[80];
  for (int i = 0; i < 16; ++i)
    w[i] = std::uint32_t{block[4 * i]} << 24
           | std::uint32_t{block[4 * i + 1]} << 16
           | std::uint32_t{block[4 * i + 2]} << 8 | block[4 * i + 3];
  for (int i = 16; i < 80; ++i)
    w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = state;
  for (int i = 0; i < 80; ++i) {
    auto f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
             : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
             : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                      : (b ^ c ^ d) + 0xca62c1d6;
    auto next = rotated(a, 5) + f + e + w[i];
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d,
           state[4] + e};
}

// SHA-1, which the handshake asks for; it protects nothing.
std::string digest(std::string text) {
  auto bits = static_cast<std::uint64_t>(text.size()) * 8;
  text += '\x80';
  while (text.size() % 64 != 56)
    text += '\0';
  for (int shift = 56; shift >= 0; shift -= 8)
    text += static_cast<char>(bits >> shift);
  std::array<std::uint32_t, 5> state{0x67452301, 0xefcdab89, 0x98badcfe,
                                     0x10325476, 0xc3d2e1f0};
  for (std::size_t at = 0; at < text.size(); at += 64)
    mix_block(state, reinterpret_cast<const byte*>(text.data()) + at);
  std::string out;
  for (auto word : state)
    for (int shift = 24; shift >= 0; shift -= 8)
      out += static_cast<char>(word >> shift);
  return out;
}

std::string base64(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8
              | (i + k < text.size() ? static_cast<byte>(text[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k <= text.size() ? base64_digits[group >> (18 - 6 * k) & 63]
                                  : '=';
  }
  return out;
}

} // namespace

std::optional<unsigned>
ws_reader::parse_header(std::optional<header>& out) const {
  out.reset();
  if (pending_.size() < 2)
    return std::nullopt;
  auto first = static_cast<byte>(pending_[0]);
  auto second = static_cast<byte>(pending_[1]);
  // No extension was agreed on, and clients mask.
  if ((first & 0x70) != 0 || (second & 0x80) == 0)
    return ws_code::protocol_error;
  header h{static_cast<ws_kind>(first & 15), (first & 0x80) != 0, 6,
           second & 0x7fu};
  unsigned wide = h.payload == 126 ? 2 : h.payload == 127 ? 8 : 0;
  h.size += wide;
  if (pending_.size() < 2 + wide)
    return std::nullopt;
  if (wide > 0) {
    std::uint64_t length = 0;
    for (unsigned i = 0; i < wide; ++i)
      length = length << 8 | static_cast<byte>(pending_[2 + i]);
    if (length >> 63 != 0)
      return ws_code::protocol_error;
    h.payload = length;
  }
  if (auto bad = check(h))
    return bad;
  if (pending_.size() >= h.size && pending_.size() - h.size >= h.payload)
    out = h;
  return std::nullopt;
}

std::optional<unsigned> ws_reader::check(const header& h) const {
  switch (h.kind) {
  case ws_kind::continuation:
    if (!partial_)
      return ws_code::protocol_error;
    break;
  case ws_kind::text:
  case ws_kind::binary:
    if (partial_)
      return ws_code::protocol_error;
    break;
  case ws_kind::close:
  case ws_kind::ping:
  case ws_kind::pong:
    if (!h.is_last || h.payload > control_limit)
      return ws_code::protocol_error;
    return std::nullopt;
  default:
    return ws_code::protocol_error;
  }
  auto before = partial_ ? partial_->payload.size() : 0;
  if (h.payload > limit_ - before)
    return ws_code::too_big;
  return std::nullopt;
}

void ws_reader::take(const header& h, std::vector<ws_message>& out) {
  auto payload = pending_.substr(h.size, h.payload);
  const char* mask = pending_.data() + h.size - 4;
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  pending_.erase(0, h.size + h.payload);
  if (is_control(h.kind)) {
    out.push_back({h.kind, std::move(payload)});
    return;
  }
  if (partial_)
    partial_->payload += payload;
  else
    partial_ = ws_message{h.kind, std::move(payload)};
  if (h.is_last) {
    out.push_back(std::move(*partial_));
    partial_.reset();
  }
}

std::optional<unsigned> ws_reader::feed(std::string_view bytes,
                                        std::vector<ws_message>& out) {
  pending_ += bytes;
  for (;;) {
    std::optional<header> next;
    if (auto bad = parse_header(next))
      return bad;
    if (!next)
      return std::nullopt;
    take(*next, out);
  }
}

std::string ws_frame(ws_kind kind, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  out += static_cast<char>(0x80 | static_cast<byte>(kind));
  auto size = static_cast<std::uint64_t>(payload.size());
  unsigned wide = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out += static_cast<char>(wide == 0 ? size : wide == 2 ? 126 : 127);
  for (unsigned i = wide; i > 0; --i)
    out += static_cast<char>(size >> 8 * (i - 1));
  out += payload;
  return out;
}

std::string ws_close_frame(unsigned code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
  payload += reason.substr(0, control_limit - 2);
  return ws_frame(ws_kind::close, payload);
}

std::string ws_accept(std::string_view key) {
  std::string text{key};
  text += accept_suffix;
  return base64(digest(std::move(text)));
}

bool is_ws_key(std::string_view key) {
  return key.size() == 24 && key.ends_with("==")
         && std::all_of(key.begin(), key.end() - 2, [](char c) {
              return base64_digits.find(c) != std::string_view::npos;
            });
}

} // namespace varve::toolbox
