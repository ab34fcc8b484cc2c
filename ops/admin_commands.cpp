// Verbs that a running server carries out.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "ops/admin_client.hpp"
#include "ops/commands.hpp"
#include "ops/files.hpp"

namespace varve::ops {

namespace {

namespace json = boost::json;

std::string socket_of(const options& chosen) {
  return chosen.data_dir + "/admin.sock";
}

// The body of a success, or the server's own words as an error.
result<json::value> ask(const options& chosen, const std::string& method,
                        const std::string& path,
                        const json::object& body = {}) {
  auto text = body.empty() ? std::string{} : json::serialize(body);
  VARVE_TRY(auto answer, ask_admin(socket_of(chosen), method, path, text));
  boost::system::error_code problem;
  auto parsed =
      answer.body.empty() ? json::value{} : json::parse(answer.body, problem);
  if (answer.status >= 200 && answer.status < 300)
    return parsed;
  if (parsed.is_object())
    if (auto* message = parsed.get_object().if_contains("message");
        message && message->is_string())
      return failure(errc::invalid, std::string{message->get_string()});
  return failure(errc::invalid,
                 "the server answered " + std::to_string(answer.status));
}

std::string member(const json::object& from, std::string_view name) {
  auto* found = from.if_contains(name);
  return found && found->is_string() ? std::string{found->get_string()} : "";
}

result<void> create_key(const options& chosen, const std::string& name,
                        const std::string& organization) {
  json::object wanted{{"name", name}};
  if (!organization.empty())
    wanted["organizationId"] = organization;
  VARVE_TRY(auto made, ask(chosen, "POST", "/keys", wanted));
  if (!made.is_object())
    return failure(errc::malformed, "the server's answer is not an object");
  std::puts(member(made.get_object(), "value").c_str());
  return ok();
}

result<void> list_keys(const options& chosen) {
  VARVE_TRY(auto keys, ask(chosen, "GET", "/keys"));
  if (!keys.is_array())
    return failure(errc::malformed, "the server's answer is not a list");
  for (const auto& key : keys.get_array())
    if (key.is_object())
      std::printf("%s\t%s\t%s\n", member(key.get_object(), "name").c_str(),
                  member(key.get_object(), "value").c_str(),
                  member(key.get_object(), "createdAt").c_str());
  return ok();
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string percent_encoded(const std::string& text) {
  std::string out;
  char escape[4];
  for (char c : text) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    std::snprintf(escape, sizeof escape, "%%%02X",
                  static_cast<unsigned char>(c));
    out += escape;
  }
  return out;
}

// The key the server made first lies in a file: it goes before the key does,
// or the next start would take it for one whose registration was cut short.
result<void> revoke_key(const options& chosen, const std::string& name) {
  if (name == "default") {
    auto path = chosen.data_dir + "/api-key";
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return failure(errc::io, "cannot remove " + path);
  }
  VARVE_CHECK(ask(chosen, "DELETE", "/keys/" + percent_encoded(name)));
  return ok();
}

void print(const json::object& organization) {
  auto* quota = organization.if_contains("quota");
  std::printf("%s\t%s\t%s\n", member(organization, "id").c_str(),
              member(organization, "name").c_str(),
              quota ? json::serialize(*quota).c_str() : "");
}

result<void> list_organizations(const options& chosen) {
  VARVE_TRY(auto all, ask(chosen, "GET", "/organizations"));
  if (!all.is_array())
    return failure(errc::malformed, "the server's answer is not a list");
  for (const auto& one : all.get_array())
    if (one.is_object())
      print(one.get_object());
  return ok();
}

result<void> create_organization(const options& chosen,
                                 const std::string& name) {
  VARVE_TRY(auto made, ask(chosen, "POST", "/organizations",
                           json::object{{"name", name}}));
  if (!made.is_object())
    return failure(errc::malformed, "the server's answer is not an object");
  std::puts(member(made.get_object(), "id").c_str());
  return ok();
}

// "cpu=16 memory=none": the server knows the names and judges the numbers.
result<void> set_quota(const options& chosen, const std::string& id,
                       const std::vector<std::string>& wanted) {
  json::object body;
  for (const auto& word : wanted) {
    auto equals = word.find('=');
    if (equals == std::string::npos)
      return failure(errc::invalid, word + " is not NAME=LIMIT");
    auto limit = word.substr(equals + 1);
    boost::system::error_code problem;
    auto value =
        limit == "none" ? json::value(nullptr) : json::parse(limit, problem);
    if (problem)
      return failure(errc::invalid, limit + " is no number and not none");
    body[word.substr(0, equals)] = std::move(value);
  }
  VARVE_TRY(auto now,
            ask(chosen, "PATCH",
                "/organizations/" + percent_encoded(id) + "/quota", body));
  std::puts(json::serialize(now).c_str());
  return ok();
}

} // namespace

result<void> key(const options& chosen) {
  const auto& words = chosen.arguments;
  if (words.size() == 1 && words[0] == "list")
    return list_keys(chosen);
  if (words.size() == 2 && words[0] == "create")
    return create_key(chosen, words[1], "");
  if (words.size() == 3 && words[0] == "create")
    return create_key(chosen, words[1], words[2]);
  if (words.size() == 2 && words[0] == "revoke")
    return revoke_key(chosen, words[1]);
  return failure(errc::invalid,
                 "usage: varve key create NAME [ORGANIZATION] | list | revoke "
                 "NAME");
}

result<void> organization(const options& chosen) {
  const auto& words = chosen.arguments;
  if (words.size() == 1 && words[0] == "list")
    return list_organizations(chosen);
  if (words.size() == 2 && words[0] == "create")
    return create_organization(chosen, words[1]);
  if (words.size() > 2 && words[0] == "quota")
    return set_quota(chosen, words[1], {words.begin() + 2, words.end()});
  return failure(errc::invalid,
                 "usage: varve organization list | create NAME | quota ID "
                 "NAME=LIMIT...");
}

result<void> backup(const options& chosen) {
  if (chosen.arguments.size() != 1)
    return failure(errc::invalid, "usage: varve backup DIR");
  auto directory = std::filesystem::absolute(chosen.arguments[0]).string();
  VARVE_CHECK(
      ask(chosen, "POST", "/backup", json::object{{"directory", directory}}));
  std::printf("backed up to %s\n", directory.c_str());
  return ok();
}

result<void> projections(const options& chosen) {
  if (chosen.arguments.size() != 1 || chosen.arguments[0] != "rebuild")
    return failure(errc::invalid, "usage: varve projections rebuild");
  VARVE_CHECK(ask(chosen, "POST", "/projections/rebuild"));
  std::puts("rebuilt");
  return ok();
}

} // namespace varve::ops
