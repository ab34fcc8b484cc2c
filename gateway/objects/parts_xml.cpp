// Reads the list of parts that completes an upload:
//
//   <CompleteMultipartUpload>
//     <Part><PartNumber>1</PartNumber><ETag>"..."</ETag>
//           [<ChecksumCRC32>...</ChecksumCRC32>]</Part>...
//   </CompleteMultipartUpload>
//
// No document type, no entities but those of XML itself.
#include <array>
#include <optional>
#include <utility>

#include "gateway/objects/object_xml.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t most_parts = 10'000;
constexpr std::string_view blanks = " \t\r\n";

auto malformed() {
  return refusal_of(400, "MalformedXML",
                    "The XML you provided was not well-formed or did not "
                    "validate against our published schema");
}

// One of "<name ...>", "</name>" or the text between two of them.
struct token {
  enum class kind { opens, closes, text, end } what = kind::end;
  std::string_view text;
};

class scanner {
 public:
  explicit scanner(std::string_view xml) noexcept : left_(xml) {
    skip_blanks();
    if (left_.starts_with("<?xml")) {
      auto end = left_.find("?>");
      left_.remove_prefix(end == std::string_view::npos ? left_.size()
                                                        : end + 2);
    }
  }

  // Nothing when it is not well formed.
  std::optional<token> next() {
    skip_blanks();
    if (left_.empty())
      return token{};
    if (left_[0] != '<') {
      auto end = left_.find('<');
      if (end == std::string_view::npos)
        return std::nullopt;
      return token{token::kind::text, take(end)};
    }
    auto end = left_.find('>');
    if (end == std::string_view::npos)
      return std::nullopt;
    auto inside = take(end + 1).substr(1, end - 1);
    bool closes = inside.starts_with('/');
    if (closes)
      inside.remove_prefix(1);
    auto name = inside.substr(0, inside.find_first_of(blanks));
    if (name.empty() || name.find_first_of("!?/<&\"'") != std::string_view::npos
        || inside.ends_with('/') || inside.find('<') != std::string_view::npos)
      return std::nullopt;
    return token{closes ? token::kind::closes : token::kind::opens, name};
  }

 private:
  void skip_blanks() noexcept {
    auto first = left_.find_first_not_of(blanks);
    left_.remove_prefix(first == std::string_view::npos ? left_.size() : first);
  }
  std::string_view take(std::size_t size) noexcept {
    auto out = left_.substr(0, size);
    left_.remove_prefix(size);
    return out;
  }

  std::string_view left_;
};

std::optional<std::string> unescaped(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 7> entities{
      {{"&quot;", '"'},
       {"&amp;", '&'},
       {"&lt;", '<'},
       {"&gt;", '>'},
       {"&apos;", '\''},
       {"&#34;", '"'},
       {"&#x22;", '"'}}};
  std::string out;
  while (!text.empty()) {
    std::size_t taken = 1;
    char c = text[0];
    if (c == '&') {
      taken = 0;
      for (auto [name, meaning] : entities)
        if (text.starts_with(name)) {
          taken = name.size();
          c = meaning;
        }
      if (taken == 0)
        return std::nullopt;
    }
    out += c;
    text.remove_prefix(taken);
  }
  out.erase(out.find_last_not_of(blanks) + 1);
  return out;
}

// False when it is not understood.
bool take_field(named_part& into, std::string_view name, std::string text) {
  constexpr std::string_view sum = "Checksum";
  if (name == "PartNumber") {
    auto number = whole_number(text);
    if (!number || *number == 0 || *number > most_parts)
      return false;
    into.number = static_cast<std::uint32_t>(*number);
    return true;
  }
  if (name == "ETag") {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
      text = text.substr(1, text.size() - 2);
    into.etag = std::move(text);
    return true;
  }
  auto kind = name.starts_with(sum) ? checksum_of_name(name.substr(sum.size()))
                                    : std::nullopt;
  auto bytes = from_base64(text);
  if (!kind || into.kind || !bytes)
    return false;
  into.kind = kind;
  into.sum = std::move(*bytes);
  return true;
}

// Behind <Part>.
std::optional<named_part> read_part(scanner& from) {
  named_part out;
  for (;;) {
    auto opens = from.next();
    if (!opens || opens->what == token::kind::text
        || opens->what == token::kind::end)
      return std::nullopt;
    if (opens->what == token::kind::closes) {
      bool is_whole =
          opens->text == "Part" && out.number > 0 && !out.etag.empty();
      return is_whole ? std::optional{std::move(out)} : std::nullopt;
    }
    auto text = from.next();
    auto closes = from.next();
    if (!text || text->what != token::kind::text || !closes
        || closes->what != token::kind::closes || closes->text != opens->text)
      return std::nullopt;
    auto value = unescaped(text->text);
    if (!value || !take_field(out, opens->text, std::move(*value)))
      return std::nullopt;
  }
}

bool is(const std::optional<token>& t, token::kind what,
        std::string_view name) noexcept {
  return t && t->what == what && t->text == name;
}

} // namespace

object_result<std::vector<named_part>> parse_parts(std::string_view xml) {
  constexpr std::string_view root = "CompleteMultipartUpload";
  scanner from{xml};
  if (!is(from.next(), token::kind::opens, root))
    return malformed();
  std::vector<named_part> out;
  for (;;) {
    auto next = from.next();
    if (is(next, token::kind::closes, root))
      break;
    if (!is(next, token::kind::opens, "Part") || out.size() == most_parts)
      return malformed();
    auto part = read_part(from);
    if (!part)
      return malformed();
    out.push_back(std::move(*part));
  }
  auto last = from.next();
  if (out.empty() || !last || last->what != token::kind::end)
    return malformed();
  return out;
}

} // namespace varve::gateway
