// What object storage reads of a stranger: signatures, requests, chunks and
// lists of parts.
#include <algorithm>
#include <cstdint>

#include <fuzzer/FuzzedDataProvider.h>

#include "gateway/objects/chunked_payload.hpp"
#include "gateway/objects/object_request.hpp"
#include "gateway/objects/object_xml.hpp"
#include "gateway/objects/signature.hpp"
#include "tests/fuzz/claim.hpp"

namespace {

using namespace varve::gateway;
using varve::fuzz::claim;

constexpr std::size_t longest = 4096;

request some_request(FuzzedDataProvider& from) {
  request r;
  r.method = from.PickValueInArray({"GET", "PUT", "POST", "HEAD", "DELETE"});
  r.path = "/varve-contexts" + from.ConsumeRandomLengthString(longest);
  r.query = from.ConsumeRandomLengthString(longest);
  for (auto n = from.ConsumeIntegralInRange(0, 6); n > 0; --n)
    r.headers.add(from.PickValueInArray<std::string>(
                      {"Authorization", "x-amz-date", "x-amz-content-sha256",
                       "x-amz-security-token", "Host", "Range", "Content-MD5",
                       "x-amz-checksum-crc32", "x-amz-trailer",
                       "x-amz-decoded-content-length", "If-None-Match"}),
                  from.ConsumeRandomLengthString(longest));
  return r;
}

void read_request(FuzzedDataProvider& from) {
  auto r = some_request(from);
  constexpr varve::timestamp now = 1'800'000'000'000;
  if (auto asked = claim_of(r, now)) {
    claim(asked.value().signature.size() == 64, "a signature is 64 digits");
    claim(!check_signature(asked.value(), r, "no one's key"),
          "nobody signs with this key");
  }
  auto got = object_request_of(r);
  if (got && got.value().key) {
    auto text = got.value().key->text();
    claim(object_key::parse(text) == got.value().key, "a key is its text");
    claim(text.find("..") != 0 && text.find("/.") == std::string::npos,
          "a key leads nowhere else");
  }
  auto checks = body_checks_of(r, payload::unsigned_trailer, "", 100, 100);
  claim(!checks || checks.value().length <= 100, "a body has an end");
  auto size = from.ConsumeIntegral<std::uint64_t>();
  if (const auto* range = r.headers.find("Range")) {
    auto part = range_of(*range, size);
    if (part && part.value())
      claim(part.value()->length > 0 && part.value()->first < size
                && part.value()->length <= size - part.value()->first,
            "a range lies in the object");
  }
}

// However a body is cut, it is the same.
void read_chunks(FuzzedDataProvider& from) {
  chunk_rules rules;
  rules.is_signed = from.ConsumeBool();
  rules.has_trailer = from.ConsumeBool();
  rules.length = from.ConsumeIntegralInRange<std::uint64_t>(0, longest);
  auto step = from.ConsumeIntegralInRange<std::size_t>(1, 64);
  auto text = from.ConsumeRemainingBytesAsString();
  auto decode = [&](std::size_t size) {
    std::string bytes;
    chunk_decoder decoder{rules};
    auto keep = [&](std::string_view more) -> object_result<void> {
      bytes += more;
      return varve::ok();
    };
    for (std::size_t at = 0; at < text.size(); at += size)
      if (auto fed =
              decoder.feed(std::string_view{text}.substr(at, size), keep);
          !fed)
        return std::string{fed.error().code};
    claim(bytes.size() <= rules.length, "no more than was announced");
    auto end = decoder.finish();
    return end ? "=" + bytes : std::string{end.error().code};
  };
  claim(decode(step) == decode(text.size() + 1), "cut or whole");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  switch (from.ConsumeIntegralInRange(0, 2)) {
  case 0:
    read_request(from);
    break;
  case 1:
    read_chunks(from);
    break;
  default:
    if (auto parts = parse_parts(from.ConsumeRemainingBytesAsString()))
      claim(!parts.value().empty(), "an upload has parts");
  }
  return 0;
}
