#include "runner/sandbox/image.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "runner/kernel/files.hpp"

namespace varve::runner {

namespace {

namespace json = boost::json;

constexpr std::string_view pulled_prefix = "sha256-";

// A file name, and never one that leads elsewhere.
bool is_ref(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text[0] != '.'
         && text.find('/') == std::string_view::npos
         && text.find('\0') == std::string_view::npos
         && text.find_first_of(",:\\") == std::string_view::npos;
}

result<std::string> text_member(const json::object& o, const char* name) {
  auto* v = o.if_contains(name);
  if (v == nullptr || v->is_null())
    return std::string{};
  if (!v->is_string())
    return failure(errc::malformed, std::string{name} + " is not a string");
  return std::string{v->get_string()};
}

result<std::vector<std::string>> list_member(const json::object& o,
                                             const char* name) {
  std::vector<std::string> out;
  auto* v = o.if_contains(name);
  if (v == nullptr || v->is_null())
    return out;
  if (!v->is_array())
    return failure(errc::malformed, std::string{name} + " is not a list");
  for (auto& item : v->get_array()) {
    if (!item.is_string())
      return failure(errc::malformed,
                     std::string{name} + " holds more than strings");
    out.emplace_back(item.get_string());
  }
  return out;
}

bool is_hex(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

result<image> parse_config(const layout& where, const std::string& text) {
  boost::system::error_code ec;
  auto parsed = json::parse(text, ec);
  if (ec || !parsed.is_object())
    return failure(errc::malformed, "config.json is not a JSON object");
  auto& o = parsed.get_object();
  image out;
  VARVE_TRY(out.name, text_member(o, "name"));
  VARVE_TRY(out.user, text_member(o, "user"));
  VARVE_TRY(out.workdir, text_member(o, "workdir"));
  VARVE_TRY(out.env, list_member(o, "env"));
  VARVE_TRY(out.entrypoint, list_member(o, "entrypoint"));
  VARVE_TRY(auto layers, list_member(o, "layers"));
  for (const auto& name : layers) {
    if (name.size() != 64 || !is_hex(name))
      return failure(errc::malformed, "layers holds no digest");
    out.layers.push_back(where.layer(name));
  }
  auto* size = o.if_contains("sizeBytes");
  if (size != nullptr && size->is_int64() && size->get_int64() > 0)
    out.size_bytes = static_cast<std::uint64_t>(size->get_int64());
  return out;
}

} // namespace

bool is_pulled_image(std::string_view ref) noexcept {
  return ref.size() == pulled_prefix.size() + 64
         && ref.starts_with(pulled_prefix)
         && is_hex(ref.substr(pulled_prefix.size()));
}

std::string pulled_image_file(const layout& where, std::string_view ref) {
  return where.image_store() + "/images/" + std::string{ref} + ".json";
}

result<image> load_image(const layout& where, const std::string& ref) {
  if (!is_ref(ref))
    return failure(errc::not_found, "no image with this reference");
  auto pulled = is_pulled_image(ref);
  auto directory = where.images() + "/" + ref;
  auto text = read_file(pulled ? pulled_image_file(where, ref)
                               : directory + "/config.json");
  if (!text && text.error().code == errc::not_found)
    return failure(errc::not_found, "image " + ref + " is not on this runner");
  if (!text)
    return text.error();
  auto out = parse_config(where, text.value());
  if (!out)
    return prefixed("image " + ref, out.error());
  out.value().ref = ref;
  if (!pulled)
    out.value().layers = {directory + "/rootfs"};
  if (out.value().layers.empty())
    return failure(errc::malformed, "image " + ref + " has no layers");
  for (const auto& layer : out.value().layers)
    if (!exists(layer))
      return failure(errc::not_found, "image " + ref + " has no files");
  return out;
}

} // namespace varve::runner
