#include "runner/images/manifest.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <sys/utsname.h>

namespace varve::runner {

namespace {

namespace json = boost::json;

constexpr std::size_t most_layers = 127;
constexpr std::uint64_t most_bytes = 1ull << 46;

result<json::object> parse_object(std::string_view text,
                                  std::string_view what) {
  boost::system::error_code ec;
  auto parsed = json::parse({text.data(), text.size()}, ec);
  if (ec || !parsed.is_object())
    return failure(errc::malformed, std::string{what} + " is no JSON object");
  return std::move(parsed.get_object());
}

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains({name.data(), name.size()});
  return v != nullptr && v->is_string() ? std::string{v->get_string()}
                                        : std::string{};
}

const json::object* object_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains({name.data(), name.size()});
  return v == nullptr ? nullptr : v->if_object();
}

const json::array* array_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains({name.data(), name.size()});
  return v == nullptr ? nullptr : v->if_array();
}

std::vector<std::string> texts_of(const json::object& o,
                                  std::string_view name) {
  std::vector<std::string> out;
  if (const auto* list = array_of(o, name))
    for (const auto& item : *list)
      if (item.is_string()
          && item.get_string().find('\0') == json::string::npos)
        out.emplace_back(item.get_string());
  return out;
}

result<std::string> digest_in(const json::value& v) {
  const auto* o = v.if_object();
  auto digest = o == nullptr ? std::string{} : text_of(*o, "digest");
  if (!is_digest(digest))
    return failure(errc::malformed, "a part of the image has no digest");
  return digest;
}

bool is_for(const json::object& o, std::string_view architecture) {
  const auto* platform = object_of(o, "platform");
  return platform != nullptr && text_of(*platform, "os") == "linux"
         && text_of(*platform, "architecture") == architecture;
}

std::string platforms_in(const json::array& list) {
  std::string out;
  for (const auto& v : list) {
    const auto* o = v.if_object();
    const auto* platform = o == nullptr ? nullptr : object_of(*o, "platform");
    auto name = platform == nullptr ? std::string{}
                                    : text_of(*platform, "os") + "/"
                                          + text_of(*platform, "architecture");
    if (name.empty() || name == "unknown/unknown" || out.size() > 256)
      continue;
    out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

bool is_container_config(std::string_view type) noexcept {
  return type == "application/vnd.oci.image.config.v1+json"
         || type == "application/vnd.docker.container.image.v1+json";
}

} // namespace

bool is_digest(std::string_view text) noexcept {
  constexpr std::string_view prefix = "sha256:";
  return text.size() == prefix.size() + 64 && text.starts_with(prefix)
         && std::all_of(text.begin() + prefix.size(), text.end(), [](char c) {
              return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            });
}

std::string_view hex_of(std::string_view digest) noexcept {
  return digest.substr(digest.find(':') + 1);
}

std::string_view host_architecture() noexcept {
  static const std::string name = [] {
    utsname host{};
    ::uname(&host);
    std::string machine = host.machine;
    if (machine == "x86_64")
      return std::string{"amd64"};
    if (machine == "aarch64")
      return std::string{"arm64"};
    return machine;
  }();
  return name;
}

result<std::string> choose_from_index(std::string_view text,
                                      std::string_view architecture) {
  VARVE_TRY(auto o, parse_object(text, "the manifest"));
  const auto* list = array_of(o, "manifests");
  if (list == nullptr)
    return std::string{};
  for (const auto& v : *list)
    if (v.is_object() && is_for(v.get_object(), architecture))
      return digest_in(v);
  return failure(errc::unsupported, "the image is not made for linux/"
                                        + std::string{architecture}
                                        + " but for " + platforms_in(*list));
}

result<manifest> parse_manifest(std::string_view text) {
  VARVE_TRY(auto o, parse_object(text, "the manifest"));
  const auto* config = o.if_contains("config");
  const auto* layers = array_of(o, "layers");
  if (config == nullptr || layers == nullptr)
    return failure(errc::unsupported, "this is no image, or of a kind that is "
                                      "too old");
  manifest out;
  VARVE_TRY(out.config, digest_in(*config));
  if (!is_container_config(text_of(config->get_object(), "mediaType")))
    return failure(errc::unsupported, "this is no image of a container");
  if (layers->empty() || layers->size() > most_layers)
    return failure(errc::unsupported, "an image must have 1 to 127 layers, not "
                                          + std::to_string(layers->size()));
  for (const auto& v : *layers) {
    VARVE_TRY(auto digest, digest_in(v));
    out.layers.push_back(std::move(digest));
    const auto* size = v.get_object().if_contains("size");
    if (size == nullptr || !size->is_int64() || size->get_int64() < 0)
      return failure(errc::malformed, "a layer of the image has no size");
    out.size_bytes += static_cast<std::uint64_t>(size->get_int64());
    if (out.size_bytes > most_bytes)
      return failure(errc::too_large, "the image is too large");
  }
  return out;
}

result<std::string> parse_layout_index(std::string_view text) {
  VARVE_TRY(auto o, parse_object(text, "index.json"));
  const auto* list = array_of(o, "manifests");
  if (list == nullptr || list->size() != 1)
    return failure(errc::malformed, "index.json names no image");
  return digest_in((*list)[0]);
}

result<image_config> parse_image_config(std::string_view text) {
  VARVE_TRY(auto o, parse_object(text, "the image's config"));
  image_config out;
  out.architecture = text_of(o, "architecture");
  auto os = text_of(o, "os");
  if (!os.empty() && os != "linux")
    return failure(errc::unsupported, "the image is made for " + os);
  if (const auto* rootfs = object_of(o, "rootfs"))
    out.diff_ids = texts_of(*rootfs, "diff_ids");
  for (const auto& id : out.diff_ids)
    if (!is_digest(id))
      return failure(errc::malformed, "a layer of the image has no digest");
  if (const auto* config = object_of(o, "config")) {
    out.env = texts_of(*config, "Env");
    out.entrypoint = texts_of(*config, "Entrypoint");
    for (auto& word : texts_of(*config, "Cmd"))
      out.entrypoint.push_back(std::move(word));
    out.user = text_of(*config, "User");
    out.workdir = text_of(*config, "WorkingDir");
  }
  return out;
}

} // namespace varve::runner
