// SHA-256 of what passes by.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <openssl/evp.h>

namespace varve::runner {

class running_digest {
 public:
  running_digest() : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }

  void add(const void* data, std::size_t size) {
    EVP_DigestUpdate(context_.get(), data, size);
  }

  // "sha256:<hex>". Once.
  std::string text() {
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), raw, &size);
    static constexpr char digits[] = "0123456789abcdef";
    std::string out = "sha256:";
    for (unsigned i = 0; i < size; ++i) {
      out += digits[raw[i] >> 4];
      out += digits[raw[i] & 15];
    }
    return out;
  }

 private:
  struct release {
    void operator()(EVP_MD_CTX* c) const noexcept {
      EVP_MD_CTX_free(c);
    }
  };
  std::unique_ptr<EVP_MD_CTX, release> context_;
};

} // namespace varve::runner
