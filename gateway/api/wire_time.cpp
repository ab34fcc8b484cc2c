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
  void fail() noexcept {
    failed_ = true;
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

namespace {

std::chrono::sys_days read_date(scanner& in) noexcept {
  using namespace std::chrono;
  int y = in.number(4);
  in.expect("-");
  int m = in.number(2);
  in.expect("-");
  int d = in.number(2);
  year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                      day{static_cast<unsigned>(d)}};
  if (!date.ok())
    in.fail();
  return in.failed() ? sys_days{} : sys_days{date};
}

// "T03:04", "T03:04:05.678+01:00"
std::chrono::milliseconds read_time_of_day(scanner& in) noexcept {
  using namespace std::chrono;
  in.expect("Tt ");
  milliseconds out = hours{in.number(2)};
  in.expect(":");
  out += minutes{in.number(2)};
  if (in.accept(":"))
    out += seconds{in.number(2)};
  if (in.accept("."))
    out += milliseconds{in.fraction()};
  if (in.accept("+-")) {
    int sign = in.last() == '+' ? -1 : 1;
    out += sign * hours{in.number(2)};
    in.accept(":");
    out += sign * minutes{in.number(2)};
  } else {
    in.accept("Zz");
  }
  return out;
}

} // namespace

std::optional<timestamp> from_iso8601(std::string_view text) noexcept {
  using namespace std::chrono;
  scanner in{text};
  auto day = read_date(in);
  milliseconds of_day{0};
  if (!in.failed() && !in.at_end())
    of_day = read_time_of_day(in);
  auto since = day.time_since_epoch() + of_day;
  if (in.failed() || !in.at_end() || of_day > hours{48}
      || since < milliseconds{0})
    return std::nullopt;
  return static_cast<timestamp>(since.count());
}

} // namespace varve::gateway
