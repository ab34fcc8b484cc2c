#include "gateway/objects/checksum.hpp"

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "events/base/ids.hpp"
#include "gateway/exchange.hpp"

namespace varve::gateway {

namespace {

// Eight tables: eight bytes a step.
template <class Word>
using crc_tables = std::array<std::array<Word, 256>, 8>;

template <class Word>
constexpr crc_tables<Word> tables_of(Word reversed_polynomial) {
  crc_tables<Word> out{};
  for (unsigned i = 0; i < 256; ++i) {
    auto c = static_cast<Word>(i);
    for (int bit = 0; bit < 8; ++bit)
      c = static_cast<Word>((c >> 1) ^ ((c & 1) ? reversed_polynomial : 0));
    out[0][i] = c;
  }
  for (unsigned i = 0; i < 256; ++i)
    for (unsigned t = 1; t < 8; ++t)
      out[t][i] = static_cast<Word>((out[t - 1][i] >> 8)
                                    ^ out[0][out[t - 1][i] & 0xff]);
  return out;
}

constexpr auto crc32_tables = tables_of<std::uint32_t>(0xedb88320U);
constexpr auto crc32c_tables = tables_of<std::uint32_t>(0x82f63b78U);
constexpr auto crc64_tables = tables_of<std::uint64_t>(0x9a6c9329ac4bc9b5ULL);

static_assert(std::endian::native == std::endian::little);

template <class Word>
Word crc_update(const crc_tables<Word>& t, Word crc, std::string_view bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  auto n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    std::uint64_t x;
    std::memcpy(&x, p, sizeof x);
    x ^= crc;
    crc = t[7][x & 0xff] ^ t[6][(x >> 8) & 0xff] ^ t[5][(x >> 16) & 0xff]
          ^ t[4][(x >> 24) & 0xff] ^ t[3][(x >> 32) & 0xff]
          ^ t[2][(x >> 40) & 0xff] ^ t[1][(x >> 48) & 0xff] ^ t[0][x >> 56];
  }
  for (; n > 0; --n, ++p)
    crc = static_cast<Word>((crc >> 8) ^ t[0][(crc ^ *p) & 0xff]);
  return crc;
}

template <class Word>
std::string big_endian(Word value) {
  std::string out;
  for (int shift = 8 * (int{sizeof value} - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift);
  return out;
}

const EVP_MD* digest_of(checksum kind) noexcept {
  switch (kind) {
  case checksum::sha1:
    return EVP_sha1();
  case checksum::sha256:
    return EVP_sha256();
  case checksum::md5:
    return EVP_md5();
  case checksum::crc32:
  case checksum::crc32c:
  case checksum::crc64nvme:
    return nullptr;
  }
  return nullptr;
}

// OpenSSL fails here only without memory; a wrong sum must not pass.
void must(bool done) noexcept {
  if (!done)
    std::abort();
}

} // namespace

struct running_checksum::hash {
  hash() noexcept : context(EVP_MD_CTX_new()) {
    must(context != nullptr);
  }
  ~hash() {
    EVP_MD_CTX_free(context);
  }
  hash(const hash&) = delete;
  hash& operator=(const hash&) = delete;

  EVP_MD_CTX* context;
};

std::string_view name_of(checksum kind) noexcept {
  switch (kind) {
  case checksum::crc32:
    return "CRC32";
  case checksum::crc32c:
    return "CRC32C";
  case checksum::crc64nvme:
    return "CRC64NVME";
  case checksum::sha1:
    return "SHA1";
  case checksum::sha256:
    return "SHA256";
  case checksum::md5:
    return "MD5";
  }
  return {};
}

std::optional<checksum> checksum_of_name(std::string_view name) noexcept {
  for (auto kind : {checksum::crc32, checksum::crc32c, checksum::crc64nvme,
                    checksum::sha1, checksum::sha256})
    if (same_ignoring_case(name, name_of(kind)))
      return kind;
  return std::nullopt;
}

std::optional<checksum> checksum_of_header(std::string_view name) noexcept {
  constexpr std::string_view prefix = "x-amz-checksum-";
  if (name.size() <= prefix.size()
      || !same_ignoring_case(name.substr(0, prefix.size()), prefix))
    return std::nullopt;
  return checksum_of_name(name.substr(prefix.size()));
}

running_checksum::running_checksum(checksum kind) : kind_(kind) {
  if (const auto* digest = digest_of(kind)) {
    hash_ = std::make_unique<hash>();
    must(EVP_DigestInit_ex(hash_->context, digest, nullptr) == 1);
  } else {
    crc_ = ~std::uint64_t{0};
  }
}

running_checksum::~running_checksum() = default;
running_checksum::running_checksum(running_checksum&&) noexcept = default;
running_checksum&
running_checksum::operator=(running_checksum&&) noexcept = default;

void running_checksum::update(std::string_view bytes) {
  if (hash_)
    must(EVP_DigestUpdate(hash_->context, bytes.data(), bytes.size()) == 1);
  else if (kind_ == checksum::crc64nvme)
    crc_ = crc_update(crc64_tables, crc_, bytes);
  else
    crc_ = crc_update(kind_ == checksum::crc32 ? crc32_tables : crc32c_tables,
                      static_cast<std::uint32_t>(crc_), bytes);
}

std::string running_checksum::finish() {
  if (hash_) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    must(EVP_DigestFinal_ex(hash_->context, out.data(), &size) == 1);
    return {out.data(), out.data() + size};
  }
  if (kind_ == checksum::crc64nvme)
    return big_endian(~crc_);
  return big_endian(~static_cast<std::uint32_t>(crc_));
}

std::string to_base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  auto n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                           reinterpret_cast<const unsigned char*>(bytes.data()),
                           static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::size_t longest = 4096;
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "abcdefghijklmnopqrstuvwxyz0123456789+/";
  auto padding = text.size() - (text.find_last_not_of('=') + 1);
  if (text.size() % 4 != 0 || text.size() > longest || padding > 2
      || text.find_first_not_of(letters) < text.size() - padding)
    return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  auto n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                           reinterpret_cast<const unsigned char*>(text.data()),
                           static_cast<int>(text.size()));
  if (n < 0)
    return std::nullopt;
  out.resize(static_cast<std::size_t>(n) - padding);
  return out;
}

bool is_same_secret(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size()
         && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string sha256_hex(std::string_view bytes) {
  running_checksum sum{checksum::sha256};
  sum.update(bytes);
  auto raw = sum.finish();
  return to_hex(raw.data(), raw.size());
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(),
            out.data(), &size)
       != nullptr);
  return {out.data(), out.data() + size};
}

} // namespace varve::gateway
