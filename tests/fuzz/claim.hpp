// What must hold whatever the input: a breach ends the fuzzer with its input
// kept.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace varve::fuzz {

inline void claim(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

} // namespace varve::fuzz
