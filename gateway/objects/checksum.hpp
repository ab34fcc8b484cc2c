// Checksums that clients send along with what they store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace varve::gateway {

enum class checksum { crc32, crc32c, crc64nvme, sha1, sha256, md5 };

// "x-amz-checksum-crc32" -> crc32, in any case; nothing for other names and
// for md5, which has another header.
std::optional<checksum> checksum_of_header(std::string_view name) noexcept;
// "CRC32" -> crc32
std::optional<checksum> checksum_of_name(std::string_view name) noexcept;
// "CRC32"
std::string_view name_of(checksum kind) noexcept;

// One pass over bytes that come in pieces. One thread at a time.
class running_checksum {
 public:
  explicit running_checksum(checksum kind);
  ~running_checksum();
  running_checksum(running_checksum&&) noexcept;
  running_checksum& operator=(running_checksum&&) noexcept;

  checksum kind() const noexcept {
    return kind_;
  }
  void update(std::string_view bytes);
  // The bytes of the checksum, big endian. Once; nothing may follow.
  std::string finish();

 private:
  struct hash;
  checksum kind_;
  std::uint64_t crc_ = 0;
  std::unique_ptr<hash> hash_; // of what OpenSSL computes
};

std::string to_base64(std::string_view bytes);
// Strict: padded, no other characters.
std::optional<std::string> from_base64(std::string_view text);

// In a time that depends on the lengths only.
bool is_same_secret(std::string_view a, std::string_view b) noexcept;

std::string sha256_hex(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view text);

} // namespace varve::gateway
