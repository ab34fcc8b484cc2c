// An input as a peer's reads might cut it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varve::fuzz {

// The first bytes say how long the pieces are; the rest is the text.
struct cut_text {
  std::string whole;
  std::vector<std::string_view> pieces;

  // From a FuzzedDataProvider, which only the fuzzers' compiler has.
  template <class Provider>
  explicit cut_text(Provider& from) {
    auto sizes = from.template ConsumeBytes<unsigned char>(8);
    whole = from.ConsumeRemainingBytesAsString();
    std::string_view rest{whole};
    for (std::size_t i = 0; !rest.empty(); ++i) {
      std::size_t size = sizes.empty() ? 0 : sizes[i % sizes.size()];
      pieces.push_back(rest.substr(0, size + 1));
      rest.remove_prefix(pieces.back().size());
    }
  }
};

} // namespace varve::fuzz
