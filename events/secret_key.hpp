// 256 bits of key material that are wiped when they go.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"

namespace varve {

// Not copyable: one place in memory to wipe. Const members: any thread.
class secret_key {
 public:
  static constexpr std::size_t size = 32;

  secret_key() noexcept = default; // all zero, to be filled
  secret_key(const secret_key&) = delete;
  secret_key& operator=(const secret_key&) = delete;
  ~secret_key();

  std::uint8_t* data() noexcept {
    return bytes_.data();
  }
  const std::uint8_t* data() const noexcept {
    return bytes_.data();
  }

  // AES-256-GCM: format byte, fresh nonce, ciphertext, tag. `context` is
  // authenticated, not stored.
  result<std::vector<std::uint8_t>> seal(std::string_view context,
                                         std::string_view plaintext) const;
  // undecipherable when anything of it was altered, or sealed under another
  // key or context.
  result<std::string> open(std::string_view context,
                           std::string_view sealed) const;
  // HMAC-SHA-256, lower-case hex.
  std::string mac(std::string_view text) const;

 private:
  std::array<std::uint8_t, size> bytes_{};
};

// Reads the key from a file of exactly 32 bytes that only its owner can read.
// io: missing, of another size, readable for others, not a plain file.
result<void> read_key_file(const std::string& path, secret_key& into);

// Makes the file with a fresh key, durably and at once: a crash leaves either
// nothing or all of it. io when it exists.
result<void> make_key_file(const std::string& path);

} // namespace varve
