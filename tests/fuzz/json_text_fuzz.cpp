// Bytes of any kind as the text of a JSON string.
#include <cstdint>

#include <boost/json/parse.hpp>
#include <fuzzer/FuzzedDataProvider.h>

#include "runner/toolbox/json_text.hpp"
#include "tests/fuzz/claim.hpp"
#include "tests/fuzz/pieces.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace varve::toolbox;
  using varve::fuzz::claim;
  FuzzedDataProvider from{data, size};
  varve::fuzz::cut_text text{from};
  json_escaper escaper;
  std::string in_pieces = "\"";
  for (auto piece : text.pieces)
    escaper.append(piece, in_pieces);
  escaper.finish(in_pieces);
  in_pieces += '"';
  claim(in_pieces == json_string(text.whole), "cuts change nothing");
  boost::system::error_code failed;
  auto back = boost::json::parse(in_pieces, failed);
  claim(!failed && back.is_string(), "it is a JSON string");
  return 0;
}
