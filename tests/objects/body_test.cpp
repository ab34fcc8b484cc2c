// Bodies in chunks, and what they are checked by.
#include "events/base/ids.hpp"
#include "gateway/objects/signature.hpp"
#include "gateway/objects/upload_body.hpp"
#include "tests/objects/object_world.hpp"

using namespace varve;
using namespace varve::gateway;
using namespace varve::test;

namespace {

// The published example: 65 536 bytes and 1 024 more, all "a".
chunk_rules published() {
  signature_claim claim;
  claim.date = "20130524T000000Z";
  claim.region = "us-east-1";
  chunk_rules out;
  out.is_signed = true;
  out.key = signing_key(claim, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  out.date = claim.date;
  out.scope = claim.scope();
  out.seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
  out.length = 66'560;
  return out;
}

std::string published_text() {
  return "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0a"
         "de35a65485a288648\r\n"
         + std::string(65'536, 'a')
         + "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b6"
           "12b7d234b86a503ef5497\r\n"
         + std::string(1024, 'a')
         + "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed8"
           "1ceb9323e279d449df9\r\n\r\n";
}

struct decoded {
  std::string bytes;
  std::string code = "none";
  header_list trailers;
};

decoded decode(chunk_rules rules, std::string_view text, std::size_t step) {
  decoded out;
  chunk_decoder decoder{std::move(rules)};
  auto keep = [&](std::string_view bytes) -> object_result<void> {
    out.bytes += bytes;
    return ok();
  };
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size())))
    if (auto fed = decoder.feed(text.substr(0, step), keep); !fed) {
      out.code = fed.error().code;
      return out;
    }
  auto end = decoder.finish();
  out.code = code_of(end);
  if (end)
    out.trailers = std::move(end.value());
  return out;
}

chunk_rules unsigned_of(std::uint64_t length) {
  chunk_rules out;
  out.has_trailer = true;
  out.length = length;
  return out;
}

} // namespace

TEST_CASE("the published chunks are signed as they say") {
  auto text = published_text();
  for (std::size_t step : {std::size_t{1}, std::size_t{7}, text.size()}) {
    auto out = decode(published(), text, step);
    CHECK(out.code == "none");
    CHECK(out.bytes == std::string(66'560, 'a'));
  }
}

TEST_CASE("a chunk that differs, misses or is moved is refused") {
  auto text = published_text();
  auto altered = text;
  altered[200] = 'b';
  CHECK(decode(published(), altered, 4096).code == "SignatureDoesNotMatch");
  CHECK(decode(published(), text.substr(0, text.size() - 1), 4096).code
        == "IncompleteBody");
  CHECK(decode(published(), text.substr(0, 66'000), 4096).code
        == "IncompleteBody");
  CHECK(decode(published(), text + "x", 4096).code == "InvalidRequest");
  auto rules = published();
  rules.seed.front() = '5';
  CHECK(decode(rules, text, 4096).code == "SignatureDoesNotMatch");
  rules = published();
  rules.length = 66'559;
  CHECK(decode(rules, text, 4096).code == "InvalidRequest");
  rules.length = 66'561;
  CHECK(decode(rules, text, 4096).code == "IncompleteBody");
}

TEST_CASE("chunks without signatures bring trailing fields") {
  auto out =
      decode(unsigned_of(5),
             "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", 3);
  CHECK(out.code == "none");
  CHECK(out.bytes == "hello");
  REQUIRE(out.trailers.find("x-amz-checksum-crc32"));
  CHECK(*out.trailers.find("x-amz-checksum-crc32") == "NhCmhg==");
}

TEST_CASE("what is no chunk is refused") {
  for (const auto* text :
       {"\r\n", "x\r\n", "-1\r\n", " 5\r\nhello", "5;a=b\r\nhello",
        "5\nhello\r\n0\r\n\r\n", "5\r\nhelloworld\r\n",
        "ffffffffffffffffff\r\n", "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        "5\r\nhello\r\n0\r\na:1\r\na:2\r\n\r\n"})
    CHECK(decode(unsigned_of(5), text, 64).code == "InvalidRequest");
  CHECK(decode(unsigned_of(5), std::string(5000, '1'), 64).code
        == "InvalidRequest");
  auto no_trailer = unsigned_of(5);
  no_trailer.has_trailer = false;
  CHECK(decode(no_trailer, "5\r\nhello\r\n0\r\na:1\r\n\r\n", 64).code
        == "InvalidRequest");
}

TEST_CASE_METHOD(object_world, "an upload holds only what it was checked by") {
  auto upload = [&](body_checks checks, std::string_view text,
                    chunk_rules rules = {}) {
    auto into = store->begin("org");
    REQUIRE(into);
    upload_body body{std::move(into.value()), std::move(checks),
                     std::move(rules)};
    auto taken = body.take(text);
    if (!taken)
      return std::string{taken.error().code};
    return code_of(body.finish());
  };
  body_checks checks;
  checks.length = 5;
  CHECK(upload(checks, "hello") == "none");
  CHECK(upload(checks, "hell") == "IncompleteBody");
  checks.sha256_hex = sha256_hex("hello");
  CHECK(upload(checks, "hello") == "none");
  CHECK(upload(checks, "hallo") == "XAmzContentSHA256Mismatch");
  checks.sha256_hex.reset();
  auto sum = *from_base64("NhCmhg==");
  checks.sums = {{checksum::crc32, sum, "x-amz-checksum-crc32"}};
  CHECK(upload(checks, "hello") == "none");
  CHECK(upload(checks, "hallo") == "BadDigest");
  checks.is_chunked = true;
  checks.sums[0].bytes.clear();
  CHECK(upload(checks,
               "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
               unsigned_of(5))
        == "none");
  CHECK(upload(checks,
               "5\r\nhallo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
               unsigned_of(5))
        == "BadDigest");
  CHECK(upload(checks, "5\r\nhello\r\n0\r\n\r\n", unsigned_of(5))
        == "InvalidRequest");
  CHECK(store->used("org") == 0);
}
