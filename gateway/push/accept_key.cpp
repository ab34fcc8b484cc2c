#include "gateway/push/accept_key.hpp"

#include <array>

#include <openssl/evp.h>

namespace varve::gateway {

namespace {

constexpr std::string_view key_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

} // namespace

std::optional<std::string> accept_key(std::string_view key) {
  constexpr std::size_t key_size = 24; // of 16 bytes
  std::array<unsigned char, key_size> given{};
  if (key.size() != key_size || !key.ends_with("==")
      || EVP_DecodeBlock(given.data(),
                         reinterpret_cast<const unsigned char*>(key.data()),
                         static_cast<int>(key.size()))
             < 0)
    return std::nullopt;
  std::string text{key};
  text += key_suffix;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  // SHA-1 as the handshake asks for; it protects nothing.
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(),
                 nullptr)
      != 1)
    return std::nullopt;
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
  auto length =
      EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return std::string{encoded.begin(), encoded.begin() + length};
}

} // namespace varve::gateway
