// What a language server writes, whole and in pieces, and what its messages
// become for a caller.
#include <cstdint>

#include <boost/json/parse.hpp>
#include <fuzzer/FuzzedDataProvider.h>

#include "runner/toolbox/lsp/frame_parser.hpp"
#include "runner/toolbox/lsp/lsp_results.hpp"
#include "tests/fuzz/claim.hpp"
#include "tests/fuzz/pieces.hpp"

namespace {

using namespace varve::toolbox;
using varve::fuzz::claim;

constexpr std::size_t body_limit = 500;

struct outcome {
  bool is_fine = true;
  std::vector<std::string> messages;
};

outcome read(const std::vector<std::string_view>& pieces) {
  frame_parser parser{body_limit};
  outcome out;
  auto take = [&](std::string_view message) {
    out.messages.emplace_back(message);
  };
  for (auto piece : pieces)
    out.is_fine = parser.feed(piece, take) && out.is_fine;
  claim(out.is_fine == parser.trouble().empty(), "a broken stream says why");
  return out;
}

void check_results(std::string_view message) {
  boost::system::error_code failed;
  auto result = boost::json::parse(message, failed);
  if (failed)
    return;
  symbol_list all;
  symbol_list some{{"file:///home/"}};
  all.add(result, "file:///a.py");
  some.add(result, "file:///a.py", "x");
  for (const auto& told : {all.json(), some.json(), completions_json(result)}) {
    boost::json::parse(told, failed);
    claim(!failed, "an answer is JSON");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  varve::fuzz::cut_text stream{from};
  auto cut = read(stream.pieces);
  auto at_once = read({stream.whole});
  claim(cut.is_fine == at_once.is_fine, "cuts break no stream");
  claim(cut.messages == at_once.messages, "nor change its messages");
  std::string again;
  for (const auto& message : cut.messages) {
    claim(message.size() <= body_limit, "a message is within its limit");
    check_results(message);
    again += frame(message);
  }
  auto back = read({again});
  claim(back.is_fine && back.messages == cut.messages,
        "what is framed reads back");
  check_results(stream.whole);
  return 0;
}
