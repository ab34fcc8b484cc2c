// Prints every value that VARVE_CRASH_AT can have, one a line.
#include <cstdio>

#include "runner/operations/crash_point.hpp"

int main() {
  for (const auto& point : varve::runner::crash_points())
    std::puts(point.c_str());
}
