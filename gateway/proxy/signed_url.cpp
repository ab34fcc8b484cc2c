#include "gateway/proxy/signed_url.hpp"

#include <array>
#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t digest_size = 32;
constexpr timestamp second = 1000;

std::string base64url(const std::array<unsigned char, digest_size>& bytes) {
  // EVP_EncodeBlock writes a NUL at the end.
  std::array<unsigned char, 4 * ((digest_size + 2) / 3) + 1> out{};
  auto n = EVP_EncodeBlock(out.data(), bytes.data(), bytes.size());
  std::string text{out.data(), out.data() + n};
  for (auto& c : text)
    c = c == '+' ? '-' : c == '/' ? '_' : c;
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size()
         && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The method that was signed for such a path; empty for others.
std::string_view signed_method(std::string_view method, std::string_view rest) {
  if (rest == "/files/download" && (method == "GET" || method == "HEAD"))
    return "GET";
  if (rest == "/files/upload-v2" && method == "POST")
    return "POST";
  return {};
}

} // namespace

std::string signing_key(const services& s, const projections::sandbox_view& v) {
  return s.secrets.derive("signing-key/1/" + v.id + "/"
                          + std::to_string(v.signing_key_version));
}

std::optional<signed_claim> signed_claim_of(const request& r,
                                            std::string_view rest) {
  auto method = signed_method(r.method, rest);
  if (method.empty())
    return std::nullopt;
  query_parameters query{r.query};
  auto signature = query.value("signature");
  if (!signature)
    return std::nullopt;
  return signed_claim{std::string{method}, query.value("path").value_or(""),
                      query.value("expires").value_or(""),
                      std::move(*signature)};
}

std::string signature_of(const signed_claim& claim, std::string_view key) {
  auto signed_text =
      "v1:files:" + claim.method + ":" + claim.path + ":" + claim.expires;
  std::array<unsigned char, digest_size> digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(signed_text.data()),
           signed_text.size(), digest.data(), &size)
      == nullptr)
    std::abort(); // SHA-256 is always there; all zero would open every file
  return "v1_" + base64url(digest);
}

claim_verdict judge(const signed_claim& claim, std::string_view key,
                    timestamp now) {
  auto expires = whole_number(claim.expires);
  if (!expires || !is_same(claim.signature, signature_of(claim, key)))
    return claim_verdict::wrong;
  bool is_over = *expires != 0 && *expires <= now / second;
  return is_over ? claim_verdict::expired : claim_verdict::good;
}

std::string query_of(const signed_claim& claim) {
  return "path=" + percent_encoded(claim.path);
}

} // namespace varve::gateway
