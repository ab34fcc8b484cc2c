#include "runner/toolbox/guest.hpp"

#include <cerrno>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <unistd.h>

namespace varve::toolbox {

namespace {

namespace json = boost::json;

constexpr std::size_t config_limit = 4 << 20;
constexpr const char* default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

auto wrong(std::string_view member) {
  return varve::failure(errc::malformed,
                        "config: '" + std::string{member} + "' is malformed");
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

bool take_text(const json::value& value, std::string& out) {
  const auto* text = value.if_string();
  if (text == nullptr || has_nul({text->data(), text->size()}))
    return false;
  out.assign(text->data(), text->size());
  return true;
}

bool take_texts(const json::value& value, std::vector<std::string>& out) {
  const auto* list = value.if_array();
  if (list == nullptr)
    return false;
  for (const auto& item : *list)
    if (!take_text(item, out.emplace_back()))
      return false;
  return true;
}

bool take_variables(const json::value& value, std::vector<name_value>& out) {
  const auto* members = value.if_object();
  if (members == nullptr)
    return false;
  for (const auto& member : *members) {
    std::string_view name{member.key().data(), member.key().size()};
    auto& [key, text] = out.emplace_back(std::string{name}, std::string{});
    if (key.empty() || has_nul(key) || key.find('=') != std::string::npos
        || !take_text(member.value(), text))
      return false;
  }
  return true;
}

bool take_member(std::string_view name, const json::value& value,
                 guest_config& out) {
  if (name == "sandboxId")
    return take_text(value, out.sandbox_id);
  if (name == "user")
    return take_text(value, out.user);
  if (name == "snapshot")
    return take_text(value, out.snapshot);
  if (name == "workdir")
    return take_text(value, out.workdir);
  if (name == "hostname")
    return take_text(value, out.hostname);
  if (name == "env")
    return take_variables(value, out.env);
  if (name == "imageEnv")
    return take_texts(value, out.image_env);
  if (name == "entrypoint")
    return take_texts(value, out.entrypoint);
  // The runner and this binary come from one build: a member that is not
  // known here would be dropped silently.
  return false;
}

std::string name_of(std::string_view variable) {
  return std::string{variable.substr(0, variable.find('='))};
}

} // namespace

result<guest_config> parse_guest_config(std::string_view text) {
  boost::system::error_code ec;
  auto value = json::parse({text.data(), text.size()}, ec);
  if (ec || !value.is_object())
    return varve::failure(errc::malformed, "config: not a JSON object");
  guest_config out;
  for (const auto& member : value.get_object()) {
    std::string_view name{member.key().data(), member.key().size()};
    if (!take_member(name, member.value(), out))
      return wrong(name);
  }
  return out;
}

result<std::string> read_config(int fd) {
  // A memfd was written through this very description.
  ::lseek(fd, 0, SEEK_SET);
  std::string out;
  char buffer[16384];
  for (;;) {
    auto n = ::read(fd, buffer, sizeof buffer);
    if (n == 0)
      return out;
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return varve::failure(errc::io, "config: cannot be read");
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > config_limit)
      return varve::failure(errc::too_large, "config: larger than 4 MiB");
  }
}

std::vector<std::string> with_variables(std::vector<std::string> base,
                                        const std::vector<name_value>& more) {
  for (const auto& [name, value] : more) {
    auto entry = name + "=" + value;
    bool replaced = false;
    for (auto& old : base)
      if (old.size() > name.size() && old[name.size()] == '='
          && old.compare(0, name.size(), name) == 0) {
        old = entry;
        replaced = true;
      }
    if (!replaced)
      base.push_back(std::move(entry));
  }
  return base;
}

std::string_view variable(const std::vector<std::string>& environment,
                          std::string_view name) {
  for (const auto& entry : environment)
    if (entry.size() > name.size() && entry[name.size()] == '='
        && std::string_view{entry}.substr(0, name.size()) == name)
      return std::string_view{entry}.substr(name.size() + 1);
  return {};
}

std::string absolute_folder(const std::string& folder, const guest& g) {
  return folder.empty()          ? g.workdir
         : folder.front() == '/' ? folder
                                 : g.workdir + "/" + folder;
}

bool is_variable_name(std::string_view name) {
  auto fits = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
           || (c >= 'a' && c <= 'z');
  };
  if (name.empty() || (name.front() >= '0' && name.front() <= '9'))
    return false;
  for (char c : name)
    if (!fits(c))
      return false;
  return true;
}

std::vector<std::string> base_environment(const guest_config& config,
                                          const identity& who) {
  std::vector<std::string> out{std::string{"PATH="} + default_path};
  for (const auto& entry : config.image_env)
    if (entry.find('=') != std::string::npos)
      out =
          with_variables(std::move(out),
                         {{name_of(entry), entry.substr(entry.find('=') + 1)}});
  std::vector<name_value> own{{"DAYTONA_SANDBOX_ID", config.sandbox_id},
                              {"DAYTONA_SANDBOX_USER", who.name},
                              {"HOME", who.home},
                              {"USER", who.name},
                              {"LOGNAME", who.name}};
  if (!config.snapshot.empty())
    own.emplace_back("DAYTONA_SANDBOX_SNAPSHOT", config.snapshot);
  if (!who.shell.empty())
    own.emplace_back("SHELL", who.shell);
  return with_variables(with_variables(std::move(out), own), config.env);
}

} // namespace varve::toolbox
