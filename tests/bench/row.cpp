#include "tests/bench/row.hpp"

#include <algorithm>
#include <cstdio>

namespace varve::bench {

double percentile(std::vector<double> samples, double part) {
  if (samples.empty())
    return 0;
  std::sort(samples.begin(), samples.end());
  auto place = static_cast<std::size_t>(
      part * static_cast<double>(samples.size() - 1) + 0.5);
  return samples[place];
}

void print(const row& what) {
  auto ours = what.value ? *what.value : percentile(what.samples, 0.5);
  std::printf("{\"bench\":\"%s\",\"case\":\"%s\",\"n\":%llu,\"unit\":\"%s\",",
              what.bench.c_str(), what.name.c_str(),
              static_cast<unsigned long long>(what.n), what.unit.c_str());
  if (what.value)
    std::printf("\"value\":%.4g,", *what.value);
  else
    std::printf("\"p50\":%.4g,\"p95\":%.4g,\"p99\":%.4g,", ours,
                percentile(what.samples, 0.95), percentile(what.samples, 0.99));
  std::printf("\"baseline\":\"%s\",\"baseline_value\":%.4g,\"ratio\":%.3g}\n",
              what.baseline.c_str(), what.baseline_value,
              what.baseline_value == 0 ? 0 : ours / what.baseline_value);
  std::fflush(stdout);
}

void progress(std::string_view text) {
  std::fprintf(stderr, "bench: %.*s\n", static_cast<int>(text.size()),
               text.data());
}

} // namespace varve::bench
