// GET and POST /git/config, POST /git/config/user.
#include "runner/toolbox/git/configuration.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/library.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::git {

namespace {

constexpr const char* system_file = "/etc/gitconfig";

struct place {
  std::string scope; // global, local or system
  std::string path;  // of the repository, where it is local
};

std::string global_file() {
  const char* home = ::getenv("HOME");
  std::string own = std::string{home == nullptr ? "" : home} + "/.gitconfig";
  if (::access(own.c_str(), F_OK) == 0)
    return own;
  // git writes to this one where it is the only one.
  const char* xdg = ::getenv("XDG_CONFIG_HOME");
  auto other = (xdg != nullptr && *xdg != '\0'
                    ? std::string{xdg}
                    : std::string{home == nullptr ? "" : home} + "/.config")
               + "/git/config";
  return ::access(other.c_str(), F_OK) == 0 ? other : own;
}

outcome<place> checked_place(std::string scope, std::string path) {
  if (scope != "global" && scope != "local" && scope != "system")
    return bad_request("scope must be global, local or system");
  if (scope == "local" && path.empty())
    return bad_request("path is required for the scope local");
  return place{std::move(scope), std::move(path)};
}

outcome<config> open_file(const std::string& path) {
  config out;
  BOOST_OUTCOME_TRYV(checked(git_config_open_ondisk(out.put(), path.c_str())));
  return out;
}

outcome<config> open_place(exchange& ex, const place& where) {
  if (where.scope == "global")
    return open_file(global_file());
  if (where.scope == "system")
    return open_file(system_file);
  BOOST_OUTCOME_TRY(auto repo, open_repository(ex, where.path));
  config all;
  config own;
  BOOST_OUTCOME_TRYV(checked(git_repository_config(all.put(), repo)));
  BOOST_OUTCOME_TRYV(
      checked(git_config_open_level(own.put(), all, GIT_CONFIG_LEVEL_LOCAL)));
  return own;
}

problem config_problem(int code, const std::string& key) {
  if (code == GIT_EINVALIDSPEC)
    return bad_request("'" + key + "' is no valid name of a setting");
  return last_problem(code);
}

outcome<void> set(git_config* to, const std::string& key,
                  const std::string& value) {
  int code = git_config_set_string(to, key.c_str(), value.c_str());
  if (code < 0)
    return config_problem(code, key);
  return boost::outcome_v2::success();
}

outcome<response> read_config_value(exchange& ex) {
  BOOST_OUTCOME_TRY(auto key, ex.required("key"));
  auto scope = query_value(ex.request(), "scope").value_or("");
  auto path = query_value(ex.request(), "path").value_or("");
  BOOST_OUTCOME_TRY(auto where,
                    checked_place(std::string{scope.empty() ? "global" : scope},
                                  std::string{path}));
  BOOST_OUTCOME_TRY(auto from, open_place(ex, where));
  config_entry entry;
  int code = git_config_get_entry(entry.put(), from, key.c_str());
  if (code == GIT_ENOTFOUND)
    return json_response(200, "{\"value\":null}");
  if (code < 0)
    return config_problem(code, key);
  // "[section] name" without a value means true.
  const char* value = entry.get()->value;
  return json_response(
      200,
      "{\"value\":" + json_string(value == nullptr ? "true" : value) + "}");
}

outcome<config> open_wanted(exchange& ex, const fields& body) {
  BOOST_OUTCOME_TRY(auto scope, body.text("scope", "global"));
  BOOST_OUTCOME_TRY(auto path, body.text("path"));
  BOOST_OUTCOME_TRY(auto where,
                    checked_place(std::move(scope), std::move(path)));
  return open_place(ex, where);
}

outcome<response> write_config_value(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto key, body.required("key"));
  if (!body.has("value"))
    return invalid_body("value is required");
  BOOST_OUTCOME_TRY(auto value, body.text("value"));
  BOOST_OUTCOME_TRY(auto to, open_wanted(ex, body));
  BOOST_OUTCOME_TRYV(set(to, key, value));
  return done(200);
}

outcome<response> write_user(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto name, body.required("name"));
  BOOST_OUTCOME_TRY(auto email, body.required("email"));
  BOOST_OUTCOME_TRY(auto to, open_wanted(ex, body));
  BOOST_OUTCOME_TRYV(set(to, "user.name", name));
  BOOST_OUTCOME_TRYV(set(to, "user.email", email));
  return done(200);
}

} // namespace

outcome<void> set_global(const std::string& key, const std::string& value) {
  BOOST_OUTCOME_TRY(auto to, open_file(global_file()));
  return set(to, key, value);
}

void get_config(exchange& ex) {
  serve(ex, read_config_value);
}

void set_config(exchange& ex) {
  serve(ex, write_config_value);
}

void set_user(exchange& ex) {
  serve(ex, write_user);
}

} // namespace varve::toolbox::git
