#include "gateway/api/wire_time.hpp"

#include <charconv>
#include <chrono>
#include <cstdlib>

namespace varve::gateway {

namespace {

// Takes fixed parts off the front; once it failed it stays failed.
class scanner {
 public:
  explicit scanner(std::string_view text) : rest_(text) {
    // nop
  }

  int number(std::size_t digits) noexcept {
    int n = 0;
    if (rest_.size() < digits) {
      failed_ = true;
      return 0;
    }
    for (char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9')
        failed_ = true;
      n = n * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return n;
  }

  bool accept(std::string_view any_of) noexcept {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos)
      return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  void expect(std::string_view any_of) noexcept {
    failed_ = failed_ || !accept(any_of);
  }

  // Milliseconds of a fraction of any length.
  int fraction() noexcept {
    int millis = 0;
    int digits = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (digits < 3)
        millis = millis * 10 + (rest_.front() - '0');
      ++digits;
      rest_.remove_prefix(1);
    }
    failed_ = failed_ || digits == 0;
    for (; digits < 3; ++digits)
      millis *= 10;
    return millis;
  }

  bool at_end() const noexcept {
    return rest_.empty();
  }
  bool failed() const noexcept {
    return failed_;
  }
  char last() const noexcept {
    return last_;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
  char last_ = 0;
};

} // namespace

std::optional<timestamp> from_iso8601(std::string_view text) noexcept {
  using namespace std::chrono;
  scanner in{text};
  int y = in.number(4);
  in.expect("-");
  int m = in.number(2);
  in.expect("-");
  int d = in.number(2);
  year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                      day{static_cast<unsigned>(d)}};
  milliseconds of_day{0};
  if (!in.failed() && !in.at_end()) {
    in.expect("Tt ");
    hours h{in.number(2)};
    in.expect(":");
    minutes min{in.number(2)};
    of_day = h + min;
    if (in.accept(":"))
      of_day += seconds{in.number(2)};
    if (in.accept("."))
      of_day += milliseconds{in.fraction()};
    if (in.accept("+-")) {
      int sign = in.last() == '+' ? -1 : 1;
      of_day += sign * hours{in.number(2)};
      in.accept(":");
      of_day += sign * minutes{in.number(2)};
    } else {
      in.accept("Zz");
    }
  }
  if (in.failed() || !in.at_end() || !date.ok() || of_day > hours{48})
    return std::nullopt;
  auto since = sys_days{date}.time_since_epoch() + of_day;
  if (since < milliseconds{0})
    return std::nullopt;
  return static_cast<timestamp>(since.count());
}

} // namespace varve::gateway
