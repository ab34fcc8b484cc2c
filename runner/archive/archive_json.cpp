#include "runner/archive/archive_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace varve::runner {

namespace {

namespace json = boost::json;

error damaged() {
  return {errc::malformed, "the record of an archive is damaged"};
}

result<std::string> text_of(const json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  if (v == nullptr || !v->is_string())
    return damaged();
  return std::string{v->get_string()};
}

result<std::uint64_t> number_of(const json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  if (v == nullptr || !v->is_int64() || v->get_int64() < 0)
    return damaged();
  return static_cast<std::uint64_t>(v->get_int64());
}

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

result<archive_hash> hash_of(const std::string& hex) {
  archive_hash out{};
  if (hex.size() != out.size() * 2)
    return damaged();
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
    if (high < 0 || low < 0)
      return damaged();
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return out;
}

} // namespace

std::string hex_of(const archive_hash& hash) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (auto byte : hash) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string archive_json(const archive_record& record) {
  json::object o{{"id", record.sandbox_id},
                 {"imageRef", record.image_ref},
                 {"version", record.version},
                 {"sizeBytes", record.size_bytes},
                 {"sha256", hex_of(record.hash)}};
  return json::serialize(o) + "\n";
}

result<archive_record> parse_archive_json(std::string_view text) {
  boost::system::error_code ec;
  auto parsed = json::parse({text.data(), text.size()}, ec);
  if (ec || !parsed.is_object())
    return damaged();
  const auto& o = parsed.get_object();
  archive_record out;
  VARVE_TRY(out.sandbox_id, text_of(o, "id"));
  VARVE_TRY(out.image_ref, text_of(o, "imageRef"));
  VARVE_TRY(out.version, number_of(o, "version"));
  VARVE_TRY(out.size_bytes, number_of(o, "sizeBytes"));
  VARVE_TRY(auto hex, text_of(o, "sha256"));
  VARVE_TRY(out.hash, hash_of(hex));
  return out;
}

} // namespace varve::runner
