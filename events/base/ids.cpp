#include "events/base/ids.hpp"

#include <cerrno>
#include <cstdlib>

#include <sys/random.h>

namespace varve {

namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool is_dash_place(std::size_t i) noexcept {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

} // namespace

void random_bytes(void* out, std::size_t size) noexcept {
  auto* p = static_cast<unsigned char*>(out);
  while (size > 0) {
    auto n = ::getrandom(p, size, 0);
    if (n < 0) {
      if (errno == EINTR)
        continue;
      std::abort();
    }
    p += n;
    size -= static_cast<std::size_t>(n);
  }
}

uuid uuid::v4() noexcept {
  uuid id;
  random_bytes(id.bytes.data(), id.bytes.size());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

uuid uuid::v7(std::uint64_t unix_ms) noexcept {
  uuid id;
  random_bytes(id.bytes.data() + 6, 10);
  for (int i = 0; i < 6; ++i)
    id.bytes[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(unix_ms >> (8 * (5 - i)));
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x70);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (is_dash_place(i) ? text[i] != '-' : hex_value(text[i]) < 0)
      return false;
  return true;
}

result<uuid> uuid::parse(std::string_view text) {
  if (!is_uuid(text))
    return failure(errc::malformed, "not a UUID: " + std::string{text});
  uuid id;
  std::size_t out = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (is_dash_place(i)) {
      ++i;
      continue;
    }
    id.bytes[out++] = static_cast<std::uint8_t>(hex_value(text[i]) * 16
                                                + hex_value(text[i + 1]));
    i += 2;
  }
  return id;
}

std::string uuid::str() const {
  auto hex = to_hex(bytes.data(), bytes.size());
  for (std::size_t place : {20u, 16u, 12u, 8u})
    hex.insert(place, 1, '-');
  return hex;
}

std::string to_hex(const void* data, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto* p = static_cast<const unsigned char*>(data);
  std::string out;
  out.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[p[i] >> 4];
    out += digits[p[i] & 15];
  }
  return out;
}

std::string make_api_key() {
  std::array<unsigned char, 32> raw{};
  random_bytes(raw.data(), raw.size());
  return "dtn_" + to_hex(raw.data(), raw.size());
}

} // namespace varve
