// The answer of what looks through files: a JSON list whose length nobody
// knows before its end, within limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox::files {

struct list_limits {
  // Of work; the client's own slowness does not count. Below the minute that
  // some clients wait.
  std::chrono::steady_clock::duration time = std::chrono::seconds{50};
  std::uint64_t elements = 1'000'000;
};

class found_list {
 public:
  // `opening` is what stands before the first element.
  found_list(exchange& ex, std::string_view opening, list_limits limits = {});

  // Both: false when no more is wanted, because a limit is reached or the
  // client is gone.
  bool add(std::string_view element);
  bool goes_on();

  // Ends the answer with `closing`. Where a limit was reached there is no
  // answer but a problem that says which; a long one that has partly left is
  // cut short.
  void finish(std::string_view closing);

 private:
  exchange& exchange_;
  list_limits limits_;
  std::uint64_t added_ = 0;
  bool is_late_ = false;
  bool is_full_ = false;
  bool is_broken_ = false;
};

} // namespace varve::toolbox::files
