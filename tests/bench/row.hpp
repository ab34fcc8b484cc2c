// One line of a benchmark's answer: JSON on stdout, progress on stderr.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace varve::bench {

struct row {
  std::string bench;
  std::string name; // the case
  std::uint64_t n = 0;
  std::string unit; // ms, 1/s, B
  // Either percentiles of these, in the unit, or the value.
  std::vector<double> samples;
  std::optional<double> value;
  std::string baseline; // the yardstick's name
  double baseline_value = 0;
};

// The sample below which this part of them lies.
double percentile(std::vector<double> samples, double part);

// The ratio is the median, or the value, by the baseline's.
void print(const row& what);
void progress(std::string_view text);

} // namespace varve::bench
