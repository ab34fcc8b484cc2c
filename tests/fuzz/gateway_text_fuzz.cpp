// The gateway's own reading of paths, queries and header fields, and what it
// passes on to a sandbox.
#include <cstdint>

#include <fuzzer/FuzzedDataProvider.h>

#include "gateway/proxy/forwarded_headers.hpp"
#include "gateway/proxy/proxy_path.hpp"
#include "gateway/server/message_text.hpp"
#include "gateway/url.hpp"
#include "tests/fuzz/claim.hpp"

namespace {

using namespace varve::gateway;
using varve::fuzz::claim;

constexpr std::string_view token = "DAYTONA_SANDBOX_AUTH_KEY";

void try_query(const std::string& query) {
  query_parameters all{query};
  auto left = query_for_guest(query);
  claim(left.size() <= query.size(), "a query is only cut");
  claim(!query_parameters{left}.value(token), "no token reaches a sandbox");
  if (auto plain = percent_decoded(query, true))
    claim(plain->size() <= query.size() && percent_decoded(query).has_value(),
          "decoding never makes it longer");
}

void try_path(const std::string& path) {
  auto where = parse_proxy_path(path);
  if (!where)
    return;
  claim(where->sandbox_id.find('/') == std::string::npos,
        "an id is one segment");
  claim(where->rest.empty() || where->rest.starts_with('/'),
        "what is left begins with a slash");
  path_segments(where->rest);
}

header_list fields_from(FuzzedDataProvider& from) {
  constexpr const char* names[] = {
      "Cookie", "Connection", "Authorization",           "Host",
      "X-A",    "Upgrade",    "X-Daytona-Preview-Token", "Location"};
  header_list out;
  for (int n = 0; n < 8 && from.remaining_bytes() > 0; ++n)
    out.add(from.ConsumeBool() ? from.ConsumeRandomLengthString(20)
                               : from.PickValueInArray(names),
            from.ConsumeRandomLengthString(80));
  return out;
}

bool holds_secret(const header_field& f) {
  return same_ignoring_case(f.name, "Authorization")
         || same_ignoring_case(f.name, "X-Daytona-Preview-Token");
}

void try_fields(FuzzedDataProvider& from) {
  request r;
  r.headers = fields_from(from);
  r.peer = "10.0.0.1";
  message_head head;
  head.headers = r.headers;
  head.chunked = from.ConsumeBool();
  head.content_length = from.ConsumeIntegral<std::uint32_t>();
  head.wants_upgrade = from.ConsumeBool() && r.headers.find("Upgrade");
  auto out = headers_for_guest(r, head);
  claim(out.count("Host") == 1, "a sandbox sees one host");
  claim(out.count("Transfer-Encoding") + out.count("Content-Length") == 1,
        "a body has one framing");
  claim(out.count("Connection") == 1, "the connection is ours");
  for (const auto& f : out.fields)
    claim(!holds_secret(f), "no key reaches a sandbox");
  auto back = headers_for_client(head, "/toolbox/x", from.ConsumeBool());
  claim(back.count("Set-Cookie") == 0, "a sandbox sets no cookie");
  claim(back.count("Connection") == 0, "the connection is not the sandbox's");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  auto text = from.ConsumeRandomLengthString(200);
  try_query(text);
  try_path(text);
  try_path("/toolbox/" + text);
  whole_number(text);
  try_fields(from);
  return 0;
}
