// Request targets, and the header values the toolbox takes apart itself.
#include <cstdint>

#include <fuzzer/FuzzedDataProvider.h>

#include "runner/toolbox/files/byte_range.hpp"
#include "runner/toolbox/files/disposition.hpp"
#include "runner/toolbox/files/multipart.hpp"
#include "runner/toolbox/request.hpp"
#include "runner/toolbox/websocket.hpp"
#include "tests/fuzz/claim.hpp"

namespace {

using namespace varve::toolbox;
using varve::fuzz::claim;

bool breaks_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3})
         != std::string_view::npos;
}

void try_target(std::string_view text) {
  request rq;
  if (!parse_target(text, rq))
    return;
  claim(rq.path.starts_with('/'), "a path begins with a slash");
  claim(rq.path.size() == 1 || !rq.path.ends_with('/'), "and ends with none");
  claim(rq.path.find('\0') == std::string::npos, "a path has no NUL");
  claim(rq.path.size() <= text.size(), "decoding never makes it longer");
  for (const auto& [name, value] : rq.query) {
    claim(value.find('\0') == std::string::npos, "a value has no NUL");
    claim(query_value(rq, name).has_value(), "what is there is found");
  }
}

void try_range(std::string_view header, std::uint64_t size) {
  auto got = files::parse_range(header, size);
  if (got.kind != files::range_kind::part)
    return;
  claim(got.length > 0, "a part is not empty");
  claim(got.first < size && got.length <= size - got.first,
        "a part lies within the file");
}

void try_header(std::string_view header, std::string_view name) {
  claim(files::boundary_of(header).size() <= 200, "a boundary is short");
  files::header_parameter(header, name);
  claim(!breaks_line(files::disposition("attachment", header)),
        "a file name cannot end a header's line");
  claim(!is_ws_key(header) || ws_accept(header).size() == 28,
        "an accepted key has an answer");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  auto file_size = from.ConsumeIntegral<std::uint64_t>();
  auto text = from.ConsumeRemainingBytesAsString();
  try_target(text);
  try_range(text, file_size);
  try_header(text, "filename");
  return 0;
}
