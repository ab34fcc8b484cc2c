#include "gateway/push/websocket_frame.hpp"

#include <utility>

namespace varve::gateway {

namespace {

constexpr std::size_t longest_control = 125;
constexpr std::size_t mask_size = 4;

std::uint8_t byte_at(std::string_view bytes, std::size_t i) noexcept {
  return static_cast<std::uint8_t>(bytes[i]);
}

bool is_control(frame_kind kind) noexcept {
  return static_cast<std::uint8_t>(kind) >= 8;
}

bool is_known(frame_kind kind) noexcept {
  switch (kind) {
  case frame_kind::continuation:
  case frame_kind::text:
  case frame_kind::binary:
  case frame_kind::close:
  case frame_kind::ping:
  case frame_kind::pong:
    return true;
  }
  return false;
}

// How many bytes a length takes beyond the second one.
std::size_t wide_of(std::size_t announced) noexcept {
  return announced == 126 ? 2 : announced == 127 ? 8 : 0;
}

std::string unmasked(std::string_view mask, std::string_view from) {
  std::string out{from};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(out[i] ^ mask[i % mask_size]);
  return out;
}

} // namespace

std::optional<close_code> frame_reader::feed(std::string_view bytes,
                                             std::vector<frame_message>& out) {
  pending_ += bytes;
  std::string_view rest = pending_;
  std::optional<close_code> broken;
  for (std::optional<header> next;;) {
    broken = read_header(rest, next);
    if (broken || !next || rest.size() < next->size + next->payload)
      break;
    auto mask = rest.substr(next->size - mask_size, mask_size);
    take(*next, unmasked(mask, rest.substr(next->size, next->payload)), out);
    rest.remove_prefix(next->size + next->payload);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return broken;
}

std::optional<close_code>
frame_reader::read_header(std::string_view bytes,
                          std::optional<header>& out) const {
  out.reset();
  if (bytes.size() < 2)
    return std::nullopt;
  auto first = byte_at(bytes, 0);
  auto second = byte_at(bytes, 1);
  // No extension was agreed on, and clients mask.
  if ((first & 0x70) != 0 || (second & 0x80) == 0)
    return close_code::protocol_error;
  header h{static_cast<frame_kind>(first & 0x0f), (first & 0x80) != 0,
           2 + mask_size, std::size_t{second} & 0x7f};
  auto wide = wide_of(h.payload);
  h.size += wide;
  if (bytes.size() < 2 + wide)
    return std::nullopt;
  if (wide > 0) {
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < wide; ++i)
      length = length << 8 | byte_at(bytes, 2 + i);
    h.payload = length;
  }
  if (auto broken = check(h))
    return broken;
  if (bytes.size() >= h.size)
    out = h;
  return std::nullopt;
}

std::optional<close_code> frame_reader::check(const header& h) const {
  if (!is_known(h.kind))
    return close_code::protocol_error;
  if (is_control(h.kind)) {
    if (!h.is_last || h.payload > longest_control)
      return close_code::protocol_error;
    return std::nullopt;
  }
  if ((h.kind == frame_kind::continuation) != partial_.has_value())
    return close_code::protocol_error;
  auto before = partial_ ? partial_->payload.size() : 0;
  if (h.payload > longest_ - before)
    return close_code::too_big;
  return std::nullopt;
}

void frame_reader::take(const header& h, std::string payload,
                        std::vector<frame_message>& out) {
  if (is_control(h.kind)) {
    out.push_back({h.kind, std::move(payload)});
    return;
  }
  if (!partial_)
    partial_ = frame_message{h.kind, {}};
  partial_->payload += payload;
  if (!h.is_last)
    return;
  out.push_back(std::move(*partial_));
  partial_.reset();
}

std::string frame_of(frame_kind kind, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  out += static_cast<char>(0x80 | static_cast<std::uint8_t>(kind));
  int wide = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  if (wide == 0)
    out += static_cast<char>(payload.size());
  else
    out += static_cast<char>(wide == 2 ? 126 : 127);
  for (int i = wide - 1; i >= 0; --i)
    out += static_cast<char>(std::uint64_t{payload.size()} >> (8 * i));
  out += payload;
  return out;
}

std::string close_frame(close_code code) {
  auto number = static_cast<std::uint16_t>(code);
  return frame_of(frame_kind::close,
                  std::string{static_cast<char>(number >> 8),
                              static_cast<char>(number & 0xff)});
}

} // namespace varve::gateway
