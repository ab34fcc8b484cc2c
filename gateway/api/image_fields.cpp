#include "gateway/api/image_fields.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "events/record.hpp"
#include "gateway/api/json_fields.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_reference = 255;
constexpr std::size_t longest_dockerfile = 64 * 1024;
constexpr std::size_t longest_hash = 128;
constexpr std::size_t most_contexts = 64;
constexpr std::size_t most_words = 256;
constexpr std::size_t longest_word = 4096;
constexpr std::int32_t most_units = 4096; // of cores or GiB

bool is_reference_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'
         || c == ':';
}

bool is_digest(std::string_view text) noexcept {
  return text.size() == 64
         && text.find_first_not_of("0123456789abcdef")
                == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) noexcept {
  auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string upper(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

result<std::vector<std::string>> words_of(const json::value& v,
                                          std::string_view name) {
  auto wrong = [&] {
    return failure(errc::invalid,
                   std::string{name} + " must be an array of strings");
  };
  if (!v.is_array() || v.get_array().size() > most_words)
    return wrong();
  std::vector<std::string> out;
  for (const auto& item : v.get_array()) {
    if (!item.is_string() || item.get_string().size() > longest_word
        || item.get_string().find('\0') != json::string::npos)
      return wrong();
    if (!item.get_string().empty())
      out.emplace_back(item.get_string());
  }
  return out;
}

// The JSON form as it is, any other by way of a shell.
result<std::vector<std::string>> entrypoint_of(std::string_view text) {
  if (text.starts_with('[')) {
    boost::system::error_code ec;
    auto parsed = json::parse({text.data(), text.size()}, ec);
    if (!ec)
      return words_of(parsed, "ENTRYPOINT");
  }
  if (text.empty() || text.find('\0') != std::string_view::npos)
    return failure(errc::invalid, "ENTRYPOINT must name a program");
  return std::vector<std::string>{"/bin/sh", "-c", std::string{text}};
}

// False when it is nothing that a pull would do.
result<bool> take_line(std::string_view line, image_choice& out) {
  auto space = line.find_first_of(" \t");
  auto instruction = upper(line.substr(0, space));
  auto rest = space == std::string_view::npos ? std::string_view{}
                                              : trimmed(line.substr(space));
  if (instruction == "FROM" && out.image.empty()) {
    auto one_word = rest.find_first_of(" \t$\\") == std::string_view::npos;
    if (!one_word || rest == "scratch" || rest.starts_with("--"))
      return false;
    if (!is_reference(rest))
      return failure(errc::invalid, "Invalid image name format");
    out.image = rest;
    return true;
  }
  if (instruction != "ENTRYPOINT" || out.image.empty() || rest.ends_with('\\'))
    return false;
  VARVE_TRY(out.entrypoint, entrypoint_of(rest));
  return true;
}

// Nothing when it has to be built.
result<std::optional<image_choice>> only_named(std::string_view text) {
  image_choice out;
  while (!text.empty()) {
    auto end = text.find('\n');
    auto line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{}
                                         : text.substr(end + 1);
    if (line.empty() || line.starts_with('#'))
      continue;
    VARVE_TRY(auto taken, take_line(line, out));
    if (!taken)
      return std::optional<image_choice>{};
  }
  if (out.image.empty())
    return failure(errc::invalid,
                   "buildInfo.dockerfileContent must begin with FROM");
  return std::optional<image_choice>{std::move(out)};
}

bool is_context_hash(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_hash && text[0] != '.'
         && std::all_of(text.begin(), text.end(), [](char c) {
              return is_reference_character(c) && c != ':';
            });
}

// As clients see it where they ask what an image was built of.
std::string built_name(const schema::BuildT& build) {
  auto text = build.dockerfile;
  auto hashes = build.context_hashes;
  std::sort(hashes.begin(), hashes.end());
  for (const auto& hash : hashes)
    text += hash;
  auto digest = log::sha256(std::as_bytes(std::span{text}));
  return "daytona-" + to_hex(digest.data(), digest.size()) + ":daytona";
}

result<std::uint32_t> units(const json::object& body, std::string_view name,
                            std::uint32_t otherwise) {
  VARVE_TRY(auto given, number_member(body, name));
  if (given.value_or(0) < 0 || given.value_or(0) > most_units)
    return failure(errc::invalid, std::string{name}
                                      + " must be a number from 0 to "
                                      + std::to_string(most_units));
  return given.value_or(0) == 0 ? otherwise
                                : static_cast<std::uint32_t>(*given);
}

} // namespace

bool is_reference(std::string_view text) noexcept {
  if (text.size() > longest_reference)
    return false;
  if (auto at = text.find('@'); at != std::string_view::npos) {
    constexpr std::string_view algorithm = "sha256:";
    auto digest = text.substr(at + 1);
    if (!digest.starts_with(algorithm)
        || !is_digest(digest.substr(algorithm.size())))
      return false;
    text = text.substr(0, at);
  }
  bool in_part = false;
  for (auto c : text) {
    if (c == '/' && !in_part)
      return false;
    if (c != '/' && !is_reference_character(c))
      return false;
    in_part = c != '/';
  }
  return in_part;
}

result<void> check_snapshot_name(std::string_view name) {
  if (name.empty())
    return failure(errc::invalid, "name should not be empty");
  if (!is_reference(name))
    return failure(errc::invalid, "Invalid snapshot name format. May contain "
                                  "letters, digits, dots, colons, and dashes");
  return ok();
}

result<void> check_image_name(std::string_view name) {
  constexpr std::string_view by_digest = "@sha256:";
  auto at = name.find(by_digest);
  if (at != std::string_view::npos) {
    if (!is_digest(name.substr(at + by_digest.size())))
      return failure(errc::invalid, "Invalid digest format. Must be "
                                    "image@sha256:64_hex_characters");
  } else {
    if (name.find(':') == std::string_view::npos || name.ends_with(':'))
      return failure(errc::invalid,
                     "Image name must include a tag (e.g., ubuntu:22.04) or "
                     "digest (@sha256:...)");
    if (name.ends_with(":latest"))
      return failure(errc::invalid,
                     "Images with tag \":latest\" are not allowed");
  }
  if (!is_reference(name))
    return failure(errc::invalid,
                   "Invalid image name format. Must be lowercase, may contain "
                   "digits, dots, dashes, and single slashes between "
                   "components");
  return ok();
}

result<image_choice> read_build_info(const json::value& info) {
  const auto* o = info.if_object();
  if (o == nullptr)
    return failure(errc::invalid, "buildInfo must be an object");
  VARVE_TRY(auto text, text_member(*o, "dockerfileContent"));
  if (!text)
    return failure(errc::invalid,
                   "buildInfo.dockerfileContent must be a string");
  VARVE_TRY(auto hashes, read_words(*o, "contextHashes"));
  if (text->size() > longest_dockerfile)
    return failure(errc::invalid,
                   "buildInfo.dockerfileContent must not be larger than "
                   "64 KiB");
  if (text->find('\0') != std::string::npos)
    return failure(errc::invalid, "buildInfo.dockerfileContent must be a text");
  for (const auto& hash : hashes)
    if (!is_context_hash(hash))
      return failure(errc::invalid,
                     "buildInfo.contextHashes must be names of uploads");
  if (hashes.size() > most_contexts)
    return failure(errc::invalid,
                   "buildInfo.contextHashes must not be more than 64");
  VARVE_TRY(auto named, only_named(*text));
  if (named && hashes.empty())
    return std::move(*named);
  image_choice out;
  out.build.dockerfile = std::move(*text);
  out.build.context_hashes = std::move(hashes);
  out.image = built_name(out.build);
  return out;
}

result<schema::Resources> read_resources(const json::object& body) {
  VARVE_TRY(auto cpu, units(body, "cpu", 1));
  VARVE_TRY(auto memory, units(body, "memory", 1));
  VARVE_TRY(auto disk, units(body, "disk", 3));
  VARVE_TRY(auto gpu, units(body, "gpu", 0));
  if (gpu != 0)
    return failure(errc::unsupported, "gpu is not supported by this server");
  return schema::Resources{cpu * 1000, memory * 1024, disk, 0};
}

result<std::vector<std::string>> read_words(const json::object& body,
                                            std::string_view name) {
  const auto* v = member(body, name);
  if (v == nullptr)
    return std::vector<std::string>{};
  return words_of(*v, name);
}

} // namespace varve::gateway
