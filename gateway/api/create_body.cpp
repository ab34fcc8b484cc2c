#include "gateway/api/create_body.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/json_fields.hpp"
#include "gateway/api/network_fields.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

// One record, with all of it, must stay under 512 KiB.
constexpr std::size_t max_env_entries = 1024;
constexpr std::size_t max_env_bytes = 256 * 1024;
constexpr std::size_t max_labels = 128;
constexpr std::size_t max_label_bytes = 64 * 1024;
constexpr std::size_t max_key = 256;
constexpr std::int32_t max_minutes = 10 * 366 * 24 * 60;

enum class shape { number, flag, text, list, list_or_text, object };

struct unsupported_member {
  std::string_view name;
  shape accepts;
  bool is_resource = false; // part of a declarative build
};

// Every member of either API document that create_body does not carry.
constexpr std::array<unsupported_member, 14> unsupported_members{{
    {"cpu", shape::number, true},
    {"gpu", shape::number, true},
    {"gpuType", shape::list_or_text, true},
    {"memory", shape::number, true},
    {"disk", shape::number, true},
    {"volumes", shape::list},
    {"domainAllowList", shape::text},
    {"linkedSandbox", shape::text},
    {"outboundProxyUrl", shape::text},
    {"otelEndpointOverride", shape::text},
    {"spot", shape::flag},
    {"secrets", shape::list},
    {"kvm", shape::flag},
    {"queueTimeout", shape::number},
}};

std::string_view words_for(shape s) noexcept {
  switch (s) {
  case shape::number:
    return " must be a number";
  case shape::flag:
    return " must be a boolean value";
  case shape::text:
    return " must be a string";
  case shape::list:
    return " must be an array";
  case shape::list_or_text:
    return " must be a string or an array";
  case shape::object:
    return " must be an object";
  }
  return " is of the wrong type";
}

bool fits(const json::value& v, shape s) noexcept {
  switch (s) {
  case shape::number:
    return v.is_number();
  case shape::flag:
    return v.is_bool();
  case shape::text:
    return v.is_string();
  case shape::list:
    return v.is_array();
  case shape::list_or_text:
    return v.is_array() || v.is_string();
  case shape::object:
    return v.is_object();
  }
  return false;
}

bool is_neutral(const json::value& v) noexcept {
  switch (v.kind()) {
  case json::kind::null:
    return true;
  case json::kind::bool_:
    return !v.get_bool();
  case json::kind::int64:
    return v.get_int64() == 0;
  case json::kind::uint64:
    return v.get_uint64() == 0;
  case json::kind::double_:
    return v.get_double() == 0;
  case json::kind::string:
    return v.get_string().empty();
  case json::kind::array:
    return v.get_array().empty();
  case json::kind::object:
    return false;
  }
  return false;
}

bool is_meant(const json::object& body, std::string_view name) noexcept {
  const auto* v = member(body, name);
  return v && !is_neutral(*v);
}

// What clients rely on for combinations, in the order they are checked.
result<void> check_combinations(const json::object& body) {
  bool builds = is_meant(body, "buildInfo");
  bool names_snapshot = is_meant(body, "snapshot");
  if (builds && names_snapshot)
    return failure(errc::invalid,
                   "Cannot specify a snapshot when using a build info entry");
  if (builds && is_meant(body, "linkedSandbox"))
    return failure(
        errc::invalid,
        "Cannot specify a linked sandbox when using a build info entry");
  for (const auto& m : unsupported_members)
    if (m.is_resource && names_snapshot && is_meant(body, m.name))
      return failure(errc::invalid,
                     "Cannot specify Sandbox resources when using a snapshot");
  return ok();
}

// Of an image's resources.
bool is_carried_out(std::string_view name) noexcept {
  return name == "cpu" || name == "memory" || name == "disk";
}

result<void> check_unsupported(const json::object& body) {
  for (const auto& m : unsupported_members) {
    const auto* v = member(body, m.name);
    if (v && !fits(*v, m.accepts))
      return failure(errc::invalid,
                     std::string{m.name} + std::string{words_for(m.accepts)});
  }
  VARVE_CHECK(check_combinations(body));
  bool builds = is_meant(body, "buildInfo");
  for (const auto& m : unsupported_members)
    if (is_meant(body, m.name) && !(builds && is_carried_out(m.name)))
      return failure(errc::unsupported,
                     std::string{m.name} + " is not supported by this server");
  return ok();
}

bool is_key(std::string_view key) noexcept {
  if (key.empty() || key.size() > max_key)
    return false;
  for (unsigned char c : key)
    if (c < 0x20 || c == 0x7f)
      return false;
  return true;
}

std::size_t bytes_of(const std::map<std::string, std::string>& m) {
  std::size_t n = 0;
  for (const auto& [key, value] : m)
    n += key.size() + value.size();
  return n;
}

result<void> check_env(const std::map<std::string, std::string>& env) {
  if (env.size() > max_env_entries)
    return failure(errc::invalid, "env must not have more than 1024 entries");
  if (bytes_of(env) > max_env_bytes)
    return failure(errc::invalid, "env must not be larger than 256 KiB");
  for (const auto& [key, value] : env) {
    if (!is_key(key) || key.find('=') != std::string::npos)
      return failure(errc::invalid,
                     "env must have names of 1 to 256 bytes without '=' and "
                     "control characters");
    if (value.find('\0') != std::string::npos)
      return failure(errc::invalid, "env must not hold NUL in " + key);
  }
  return ok();
}

result<void> check_user(std::string_view user) {
  constexpr std::size_t max_user = 64;
  for (unsigned char c : user)
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z')
        && !(c >= 'A' && c <= 'Z')
        && std::string_view{"_-."}.find(static_cast<char>(c))
               == std::string_view::npos)
      return failure(errc::invalid, "user must be the name of a user");
  if (user.size() > max_user || user.starts_with('-'))
    return failure(errc::invalid, "user must be the name of a user");
  return ok();
}

result<void> read_auto_archive(const json::object& body, create_body& out) {
  VARVE_TRY(auto archive, number_member(body, "autoArchiveInterval"));
  if (archive.value_or(0) < 0)
    return failure(errc::invalid, "Auto-archive interval must be non-negative");
  if (archive)
    out.auto_archive = auto_archive_of(*archive);
  return ok();
}

result<std::optional<std::int32_t>> interval_member(const json::object& body,
                                                    std::string_view name,
                                                    std::string_view shown) {
  VARVE_TRY(auto given, number_member(body, name));
  if (given && (*given < 0 || *given > max_minutes))
    return failure(errc::invalid, std::string{shown}
                                      + (*given < 0 ? " must be non-negative"
                                                    : " is too long"));
  return given;
}

result<void> read_timers(const json::object& body, create_body& out) {
  VARVE_TRY(auto stop,
            interval_member(body, "autoStopInterval", "Auto-stop interval"));
  VARVE_TRY(auto pause,
            interval_member(body, "autoPauseInterval", "Auto-pause interval"));
  VARVE_TRY(auto ttl, interval_member(body, "ttlMinutes", "ttlMinutes"));
  VARVE_CHECK(read_auto_archive(body, out));
  VARVE_TRY(auto remove, number_member(body, "autoDeleteInterval"));
  out.auto_pause = pause.value_or(0);
  out.auto_stop = stop.value_or(out.auto_pause > 0 ? 0 : out.auto_stop);
  out.auto_delete =
      std::clamp(remove.value_or(out.auto_delete), -1, max_minutes);
  out.ttl_minutes = static_cast<std::uint32_t>(ttl.value_or(0));
  if (out.auto_stop > 0 && out.auto_pause > 0)
    return failure(errc::invalid, "Only one of autoStopInterval and "
                                  "autoPauseInterval may be set");
  if (out.auto_delete == 0 && out.auto_pause > 0)
    return failure(errc::invalid,
                   "autoPauseInterval cannot be set for ephemeral sandboxes");
  return ok();
}

} // namespace

result<void> check_labels(const std::map<std::string, std::string>& labels) {
  if (labels.size() > max_labels)
    return failure(errc::invalid, "labels must not have more than 128 entries");
  if (bytes_of(labels) > max_label_bytes)
    return failure(errc::invalid, "labels must not be larger than 64 KiB");
  for (const auto& [key, value] : labels)
    if (!is_key(key) || value.find('\0') != std::string::npos)
      return failure(errc::invalid,
                     "labels must have names of 1 to 256 bytes without "
                     "control characters, and values without NUL");
  return ok();
}

std::int32_t auto_archive_of(std::int32_t asked) noexcept {
  constexpr std::int32_t most = 30 * 24 * 60;
  return asked <= 0 ? most : std::min(asked, most);
}

result<create_body> parse_create_body(const json::object& body) {
  create_body out;
  VARVE_TRY(auto name, text_member(body, "name"));
  VARVE_TRY(auto snapshot, text_member(body, "snapshot"));
  VARVE_TRY(auto user, text_member(body, "user"));
  VARVE_TRY(auto target, text_member(body, "target"));
  VARVE_TRY(auto env, texts_member(body, "env"));
  VARVE_TRY(auto labels, texts_member(body, "labels"));
  VARVE_TRY(auto is_public, flag_member(body, "public"));
  VARVE_CHECK(check_unsupported(body));
  out.name = name.value_or("");
  out.snapshot = snapshot.value_or("");
  out.user = user.value_or("");
  out.target = target.value_or("");
  out.env = std::move(env).value_or(out.env);
  out.labels = std::move(labels).value_or(out.labels);
  out.is_public = is_public.value_or(false);
  VARVE_CHECK(check_display_text("name", out.name));
  VARVE_CHECK(check_user(out.user));
  VARVE_CHECK(check_env(out.env));
  VARVE_CHECK(check_labels(out.labels));
  VARVE_CHECK(read_timers(body, out));
  if (is_meant(body, "buildInfo")) {
    VARVE_TRY(out.from, read_build_info(*member(body, "buildInfo")));
    VARVE_TRY(out.resources, read_resources(body));
  }
  VARVE_TRY(auto network, read_network(body));
  out.network = std::move(network).value_or(out.network);
  return out;
}

} // namespace varve::gateway
