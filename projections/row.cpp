#include "projections/row.hpp"

#include <utility>

namespace varve::projections {

row_writer& row_writer::number(std::uint64_t value) {
  while (value >= 0x80) {
    out_ += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out_ += static_cast<char>(value);
  return *this;
}

row_writer& row_writer::whole(std::int64_t value) {
  auto bits = static_cast<std::uint64_t>(value);
  return number((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

row_writer& row_writer::flag(bool value) {
  return number(value ? 1 : 0);
}

row_writer& row_writer::text(std::string_view value) {
  number(value.size());
  out_ += value;
  return *this;
}

row_writer& row_writer::bytes(const std::vector<std::uint8_t>& value) {
  return text({reinterpret_cast<const char*>(value.data()), value.size()});
}

row_writer& row_writer::texts(const std::vector<std::string>& values) {
  number(values.size());
  for (const auto& value : values)
    text(value);
  return *this;
}

row_writer&
row_writer::pairs(const std::map<std::string, std::string>& values) {
  number(values.size());
  for (const auto& [key, value] : values)
    text(key).text(value);
  return *this;
}

row_writer& row_writer::resources(const schema::Resources& value) {
  return number(value.cpu_millis())
      .number(value.memory_mib())
      .number(value.disk_gib())
      .number(value.gpu());
}

std::string row_writer::take() noexcept {
  return std::exchange(out_, {});
}

std::uint64_t row_reader::number() noexcept {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !left_.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80)
      return value;
  }
  broken_ = true;
  left_ = {};
  return 0;
}

std::int64_t row_reader::whole() noexcept {
  auto bits = number();
  return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

bool row_reader::flag() noexcept {
  return number() != 0;
}

std::string_view row_reader::slice() noexcept {
  auto size = number();
  if (size > left_.size()) {
    broken_ = true;
    left_ = {};
    return {};
  }
  auto out = left_.substr(0, size);
  left_.remove_prefix(size);
  return out;
}

std::string row_reader::text() {
  return std::string{slice()};
}

std::vector<std::uint8_t> row_reader::bytes() {
  auto raw = slice();
  return {raw.begin(), raw.end()};
}

std::vector<std::string> row_reader::texts() {
  std::vector<std::string> out;
  for (auto n = number(); n > 0 && !broken_; --n)
    out.push_back(text());
  return out;
}

std::map<std::string, std::string> row_reader::pairs() {
  std::map<std::string, std::string> out;
  for (auto n = number(); n > 0 && !broken_; --n) {
    auto key = text();
    out.emplace_hint(out.end(), std::move(key), text());
  }
  return out;
}

schema::Resources row_reader::resources() noexcept {
  auto cpu = as<std::uint32_t>();
  auto memory = as<std::uint32_t>();
  auto disk = as<std::uint32_t>();
  return {cpu, memory, disk, as<std::uint32_t>()};
}

result<void> row_reader::finish() const {
  if (broken_ || !left_.empty())
    return failure(errc::store_failed, "a row's bytes are damaged");
  return ok();
}

} // namespace varve::projections
