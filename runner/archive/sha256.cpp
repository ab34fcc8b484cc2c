#include "runner/archive/sha256.hpp"

#include <cstdlib>

#include <openssl/evp.h>

namespace varve::runner {

namespace {

EVP_MD_CTX* context(void* state) noexcept {
  return static_cast<EVP_MD_CTX*>(state);
}

// Only without memory could it fail.
void must(bool done) noexcept {
  if (!done)
    std::abort();
}

} // namespace

sha256::sha256() : state_(EVP_MD_CTX_new()) {
  must(state_ != nullptr
       && EVP_DigestInit_ex(context(state_), EVP_sha256(), nullptr) == 1);
}

sha256::~sha256() {
  EVP_MD_CTX_free(context(state_));
}

void sha256::add(std::span<const std::byte> bytes) noexcept {
  must(EVP_DigestUpdate(context(state_), bytes.data(), bytes.size()) == 1);
}

archive_hash sha256::take() noexcept {
  archive_hash out{};
  must(EVP_DigestFinal_ex(context(state_), out.data(), nullptr) == 1);
  return out;
}

} // namespace varve::runner
