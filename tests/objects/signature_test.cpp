// Signatures against the examples that their inventor published, and
// credentials.
#include <algorithm>

#include "events/base/ids.hpp"
#include "gateway/objects/access_grant.hpp"
#include "gateway/objects/checksum.hpp"
#include "gateway/objects/signature.hpp"
#include "tests/objects/object_world.hpp"

using namespace varve;
using namespace varve::gateway;
using namespace varve::test;

namespace {

constexpr timestamp may_2013 = 1369353600000; // 20130524T000000Z
constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr const char* nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* scope =
    "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";

request example() {
  request r;
  r.method = "GET";
  r.path = "/test.txt";
  r.headers.add("Host", "examplebucket.s3.amazonaws.com");
  r.headers.add("Range", "bytes=0-9");
  r.headers.add("x-amz-content-sha256", nothing);
  r.headers.add("x-amz-date", "20130524T000000Z");
  r.headers.add("Authorization",
                std::string{"AWS4-HMAC-SHA256 Credential="} + scope
                    + ",SignedHeaders=host;range;x-amz-content-sha256;"
                      "x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310"
                      "bd44f0170aba48dd91039c6036bdb41");
  return r;
}

std::string judged(const request& r, timestamp now = may_2013,
                   std::string_view with = secret) {
  auto claim = claim_of(r, now);
  if (!claim)
    return std::string{claim.error().code};
  return code_of(
      check_signature(claim.value(), r, signing_key(claim.value(), with)));
}

void replace(request& r, std::string_view name, std::string_view from,
             std::string_view to) {
  for (auto& f : r.headers.fields)
    if (f.name == name) {
      auto at = f.value.find(from);
      REQUIRE(at != std::string::npos);
      f.value.replace(at, from.size(), to);
    }
}

// Derives as the real one does, but from another key.
class other_vault final : public vault {
 public:
  explicit other_vault(std::string key) : key_(std::move(key)) {
    // nop
  }
  result<std::vector<std::uint8_t>> seal(std::string_view,
                                         std::string_view) override {
    return failure(errc::unsupported, "");
  }
  result<std::string> open_sealed(std::string_view,
                                  const std::vector<std::uint8_t>&) override {
    return failure(errc::unsupported, "");
  }
  result<void> erase(std::string_view) override {
    return ok();
  }
  std::string derive(std::string_view text) const override {
    auto mac = hmac_sha256(key_, text);
    return to_hex(mac.data(), mac.size());
  }

 private:
  std::string key_;
};

} // namespace

TEST_CASE("the published example is signed as it says") {
  CHECK(judged(example()) == "none");
  CHECK(judged(example(), may_2013, "another secret")
        == "SignatureDoesNotMatch");
}

TEST_CASE("the published presigned example is signed as it says") {
  request r;
  r.method = "GET";
  r.path = "/test.txt";
  r.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
            "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
            "&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109"
            "b86d86835f995330da4c265957d157751f604d404";
  r.headers.add("Host", "examplebucket.s3.amazonaws.com");
  CHECK(judged(r) == "none");
  CHECK(judged(r, may_2013 + 86'400'000) == "none");
  CHECK(judged(r, may_2013 + 86'400'001) == "AccessDenied");
  auto longer = r;
  longer.query.replace(longer.query.find("86400"), 5, "86401");
  CHECK(judged(longer) == "SignatureDoesNotMatch");
  longer.query.replace(longer.query.find("86401"), 5, "604801");
  CHECK(judged(longer) == "AuthorizationQueryParametersError");
}

TEST_CASE("whatever was signed may not differ") {
  auto r = example();
  r.path = "/test.txt2";
  CHECK(judged(r) == "SignatureDoesNotMatch");
  r = example();
  r.query = "a=b";
  CHECK(judged(r) == "SignatureDoesNotMatch");
  r = example();
  r.method = "PUT";
  CHECK(judged(r) == "SignatureDoesNotMatch");
  r = example();
  replace(r, "Range", "9", "8");
  CHECK(judged(r) == "SignatureDoesNotMatch");
  r = example();
  replace(r, "Authorization", "us-east-1", "us-east-2");
  CHECK(judged(r) == "SignatureDoesNotMatch");
  r = example();
  replace(r, "Authorization", "bdb41", "bdb42");
  CHECK(judged(r) == "SignatureDoesNotMatch");
}

TEST_CASE("what is no claim is refused before it is judged") {
  auto r = example();
  r.headers.add("x-amz-acl", "public-read");
  CHECK(judged(r) == "AccessDenied");
  r = example();
  replace(r, "Authorization", "host;range", "range;host");
  CHECK(judged(r) == "AuthorizationHeaderMalformed");
  r = example();
  replace(r, "Authorization", "host;", "");
  CHECK(judged(r) == "AuthorizationHeaderMalformed");
  r = example();
  replace(r, "Authorization", "/s3/", "/sts/");
  CHECK(judged(r) == "AuthorizationHeaderMalformed");
  r = example();
  replace(r, "Authorization", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
  CHECK(judged(r) == "InvalidRequest");
  r = example();
  replace(r, "x-amz-content-sha256", nothing, "e3b0");
  CHECK(judged(r) == "InvalidArgument");
  CHECK(judged(request{}) == "AccessDenied");
  CHECK(judged(example(), may_2013 + 900'001) == "RequestTimeTooSkewed");
  CHECK(judged(example(), may_2013 - 900'001) == "RequestTimeTooSkewed");
}

TEST_CASE("credentials hold for what they were made for only") {
  other_vault ours{"ours"};
  other_vault theirs{"theirs"};
  access_grant grant{"org-1", {}, 42};
  grant.key_hash[0] = 7;
  auto made = credentials_for(ours, grant);
  auto read = grant_of(ours, made.access_key, made.session_token);
  REQUIRE(read);
  CHECK(read->grant == grant);
  CHECK(read->secret == made.secret);
  CHECK_FALSE(grant_of(theirs, made.access_key, made.session_token));
  CHECK_FALSE(grant_of(ours, made.access_key + "x", made.session_token));
  CHECK_FALSE(grant_of(ours, made.access_key, ""));
  // A token of one's own making has a secret that only the server knows.
  auto text = *from_base64(made.session_token);
  text.replace(text.find("org-1"), 5, "org-2");
  CHECK_FALSE(grant_of(ours, made.access_key, to_base64(text)));
  access_grant other = grant;
  other.organization_id = "org-2";
  auto of_other = credentials_for(ours, other);
  CHECK(of_other.secret != made.secret);
  CHECK(of_other.access_key != made.access_key);
}

TEST_CASE("checksums are those of the catalogue") {
  auto sum = [](checksum kind) {
    running_checksum c{kind};
    c.update("1234");
    c.update("56789");
    auto out = c.finish();
    return to_hex(out.data(), out.size());
  };
  CHECK(sum(checksum::crc32) == "cbf43926");
  CHECK(sum(checksum::crc32c) == "e3069283");
  CHECK(sum(checksum::crc64nvme) == "ae8b14860a799888");
  CHECK(sum(checksum::md5) == "25f9e794323b453885f5181f1b624d0b");
  // Eight bytes a step give what one at a time does.
  std::string text(1000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = static_cast<char>(i * 7);
  for (auto kind : {checksum::crc32, checksum::crc32c, checksum::crc64nvme}) {
    running_checksum whole{kind};
    running_checksum slow{kind};
    whole.update(text);
    for (char c : text)
      slow.update({&c, 1});
    CHECK(whole.finish() == slow.finish());
  }
  CHECK(from_base64("AAE=") == std::string("\0\1", 2));
  CHECK_FALSE(from_base64("AAE"));
  CHECK_FALSE(from_base64("A=E="));
  CHECK_FALSE(from_base64("===="));
}
