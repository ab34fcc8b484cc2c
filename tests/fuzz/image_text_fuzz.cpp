// What an image says of its users, patterns for file names, and lines of
// files: texts that a guest writes.
#include <cstdint>

#include <fuzzer/FuzzedDataProvider.h>

#include "runner/toolbox/accounts.hpp"
#include "runner/toolbox/files/glob.hpp"
#include "runner/toolbox/files/line_scanner.hpp"
#include "tests/fuzz/claim.hpp"
#include "tests/fuzz/pieces.hpp"

namespace {

using namespace varve::toolbox;
using varve::fuzz::claim;

void try_accounts(std::string_view text, std::string_view wanted) {
  auto users = parse_passwd(text);
  auto groups = parse_group(text);
  auto who = find_identity(wanted, users, groups);
  claim(who.uid == 0 || !wanted.empty(), "nobody wanted is the first user");
}

void try_glob(std::string_view pattern, std::string_view name) {
  auto parsed = files::glob::parse(pattern);
  if (!parsed)
    return;
  bool fits = parsed->matches(name);
  claim(!fits || name.find('/') == std::string_view::npos
            || pattern.find_first_of("/[") != std::string_view::npos,
        "a star does not reach below a directory");
}

std::string lines_of(const std::vector<std::string_view>& pieces) {
  std::string out;
  std::uint64_t last = 0;
  files::line_scanner scanner{[&](std::uint64_t number, std::string_view line) {
    claim(number == last + 1, "lines are counted one by one");
    claim(line.find('\n') == std::string_view::npos, "a line has no end in it");
    last = number;
    out += std::to_string(number) + ":" + std::string{line} + "\n";
    return true;
  }};
  for (auto piece : pieces)
    if (!scanner.feed(piece))
      return "not a text";
  scanner.finish();
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  auto short_text = from.ConsumeRandomLengthString(64);
  varve::fuzz::cut_text text{from};
  try_accounts(text.whole, short_text);
  try_glob(short_text, text.whole);
  auto cut = lines_of(text.pieces);
  auto at_once = lines_of({text.whole});
  claim(cut == at_once, "cuts do not change lines");
  return 0;
}
