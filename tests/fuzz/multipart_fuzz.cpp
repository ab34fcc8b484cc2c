// multipart/form-data, whole and in pieces.
#include <cstdint>

#include <fuzzer/FuzzedDataProvider.h>

#include "runner/toolbox/files/multipart.hpp"
#include "tests/fuzz/claim.hpp"
#include "tests/fuzz/pieces.hpp"

namespace {

using namespace varve::toolbox::files;
using varve::fuzz::claim;

// Everything a body said, in a form that can be compared.
class transcript : public part_sink {
 public:
  void begin_part(const part_headers& headers) override {
    claim(!is_open_, "a part begins after the one before has ended");
    is_open_ = true;
    said += "[" + headers.name + "|" + headers.filename + "|"
            + headers.content_type + "]";
  }
  void part_data(std::string_view bytes) override {
    claim(is_open_ && !bytes.empty(), "data belongs to a part");
    said += bytes;
  }
  void end_part() override {
    claim(is_open_, "what ends has begun");
    is_open_ = false;
    said += "[/]";
  }

  std::string said;

 private:
  bool is_open_ = false;
};

struct outcome {
  bool is_whole = false;
  std::string said;
};

outcome read(const std::vector<std::string_view>& pieces) {
  multipart_parser parser{"xYz"};
  transcript sink;
  bool fine = true;
  for (auto piece : pieces)
    fine = fine && parser.feed(piece, sink);
  bool whole = parser.finish() && fine;
  claim(whole == parser.error().empty(), "a broken body says why");
  return {whole, std::move(sink.said)};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  varve::fuzz::cut_text body{from};
  auto cut = read(body.pieces);
  auto at_once = read({body.whole});
  claim(cut.is_whole == at_once.is_whole, "cuts do not break a body");
  claim(!cut.is_whole || cut.said == at_once.said, "nor change what it says");
  return 0;
}
