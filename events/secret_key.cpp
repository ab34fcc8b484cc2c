#include "events/secret_key.hpp"

#include <cstdlib>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "events/base/ids.hpp"

namespace varve {

namespace {

constexpr std::uint8_t format = 1;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t header_size = 1 + nonce_size;
constexpr std::size_t overhead = header_size + tag_size;
constexpr std::size_t max_plaintext = 16 * 1024 * 1024;

struct free_context {
  void operator()(EVP_CIPHER_CTX* ctx) const noexcept {
    EVP_CIPHER_CTX_free(ctx);
  }
};
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, free_context>;

const std::uint8_t* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

error cannot_open() {
  return {errc::undecipherable, "sealed bytes do not open with this key"};
}

} // namespace

secret_key::~secret_key() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

result<std::vector<std::uint8_t>>
secret_key::seal(std::string_view context, std::string_view plaintext) const {
  if (plaintext.size() > max_plaintext)
    return failure(errc::too_large, "more than 16 MiB to seal");
  std::vector<std::uint8_t> out(overhead + plaintext.size());
  out[0] = format;
  random_bytes(out.data() + 1, nonce_size);
  cipher_context ctx{EVP_CIPHER_CTX_new()};
  int n = 0;
  auto* body = out.data() + header_size;
  bool good =
      ctx
      && EVP_EncryptInit_ex(ctx.get(), EVP_aes_256_gcm(), nullptr,
                            bytes_.data(), out.data() + 1)
             == 1
      && EVP_EncryptUpdate(ctx.get(), nullptr, &n, out.data(), 1) == 1
      && EVP_EncryptUpdate(ctx.get(), nullptr, &n, bytes_of(context),
                           static_cast<int>(context.size()))
             == 1
      && EVP_EncryptUpdate(ctx.get(), body, &n, bytes_of(plaintext),
                           static_cast<int>(plaintext.size()))
             == 1
      && EVP_EncryptFinal_ex(ctx.get(), body + plaintext.size(), &n) == 1
      && EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_GET_TAG, tag_size,
                             body + plaintext.size())
             == 1;
  if (!good)
    return failure(errc::io, "the cipher library refused to encrypt");
  return out;
}

result<std::string> secret_key::open(std::string_view context,
                                     std::string_view sealed) const {
  if (sealed.size() < overhead || sealed.size() > overhead + max_plaintext
      || static_cast<std::uint8_t>(sealed[0]) != format)
    return cannot_open();
  auto length = sealed.size() - overhead;
  const auto* body = bytes_of(sealed) + header_size;
  std::string tag{sealed.substr(header_size + length)};
  std::string out(length, '\0');
  auto* to = reinterpret_cast<std::uint8_t*>(out.data());
  cipher_context ctx{EVP_CIPHER_CTX_new()};
  int n = 0;
  std::uint8_t last[tag_size];
  bool good =
      ctx
      && EVP_DecryptInit_ex(ctx.get(), EVP_aes_256_gcm(), nullptr,
                            bytes_.data(), bytes_of(sealed) + 1)
             == 1
      && EVP_DecryptUpdate(ctx.get(), nullptr, &n, bytes_of(sealed), 1) == 1
      && EVP_DecryptUpdate(ctx.get(), nullptr, &n, bytes_of(context),
                           static_cast<int>(context.size()))
             == 1
      && EVP_DecryptUpdate(ctx.get(), to, &n, body, static_cast<int>(length))
             == 1
      && EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_SET_TAG, tag_size,
                             tag.data())
             == 1
      && EVP_DecryptFinal_ex(ctx.get(), last, &n) == 1;
  if (!good) {
    OPENSSL_cleanse(out.data(), out.size());
    return cannot_open();
  }
  return out;
}

std::string secret_key::mac(std::string_view text) const {
  std::array<std::uint8_t, 32> digest{};
  unsigned int n = 0;
  if (HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()),
           bytes_of(text), text.size(), digest.data(), &n)
      == nullptr)
    std::abort(); // SHA-256 is always there; a token must not be made up
  return to_hex(digest.data(), digest.size());
}

} // namespace varve
