#include "gateway/api/registry_fields.hpp"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/json_fields.hpp"
#include "projections/registry_access.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_url = 255;
constexpr std::size_t longest_name = 255;
// Some clouds give out tokens of several kilobytes.
constexpr std::size_t longest_secret = 16 * 1024;

bool is_clean(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

result<std::string> needed(const json::object& from, std::string_view name,
                           std::size_t longest) {
  VARVE_TRY(auto text, text_member(from, name));
  if (!text || text->empty())
    return failure(errc::invalid, std::string{name} + " should not be empty");
  if (text->size() > longest || !is_clean(*text))
    return failure(errc::invalid, std::string{name}
                                      + " is too long or holds control "
                                        "characters");
  return std::move(*text);
}

// "https://host:5000/v2/", "host:5000"
result<void> check_url(const std::string& url) {
  std::string_view rest = url;
  if (auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    auto name = rest.substr(0, scheme);
    if (name != "https" && name != "http")
      return failure(errc::invalid, "url must begin with https:// or http://");
    rest.remove_prefix(scheme + 3);
  }
  auto host = projections::registry_host(url);
  bool is_host =
      !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.'
               || c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
      });
  if (!is_host || rest.find_first_of("@ ") != std::string_view::npos)
    return failure(errc::invalid, "url must name the registry's host");
  return ok();
}

// "team", "team/inner"
result<void> check_project(const std::string& project) {
  bool is_path = std::all_of(project.begin(), project.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'
           || c == '/';
  });
  if (!is_path || project.size() > longest_name || project.starts_with('/')
      || project.ends_with('/'))
    return failure(errc::invalid, "project must be a path such as team/inner");
  return ok();
}

} // namespace

result<registry_fields> parse_registry(const request& r, bool needs_password) {
  if (!r.json || !r.json->is_object())
    return failure(errc::invalid, "the request body must be an object");
  const auto& from = r.json->get_object();
  registry_fields out;
  VARVE_TRY(out.name, needed(from, "name", longest_name));
  VARVE_TRY(out.url, needed(from, "url", longest_url));
  VARVE_TRY(out.username, needed(from, "username", longest_name));
  VARVE_CHECK(check_display_text("name", out.name));
  VARVE_CHECK(check_url(out.url));
  if (needs_password || member(from, "password")) {
    VARVE_TRY(out.password, needed(from, "password", longest_secret));
  }
  VARVE_TRY(out.project, text_member(from, "project"));
  if (out.project) {
    VARVE_CHECK(check_project(*out.project));
  }
  return out;
}

} // namespace varve::gateway
