#include "runner/toolbox/routes.hpp"

#include "runner/toolbox/claim.hpp"
#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/system/computer_use.hpp"
#include "runner/toolbox/system/metrics.hpp"
#include "runner/toolbox/system/ports.hpp"
#include "runner/toolbox/system/settings.hpp"

namespace varve::toolbox {

namespace {

response answer_dir(const std::string& dir) {
  return json_response(200, "{\"dir\":" + json_string(dir) + "}");
}

response work_dir(const guest& g) {
  return answer_dir(g.workdir);
}

response home_dir(const guest& g) {
  auto home = variable(g.environment, "HOME");
  return answer_dir(home.empty() ? g.who.home : std::string{home});
}

struct entry {
  std::string_view method;
  std::string_view path;
  route where;
};

route answered(response (*how)(const guest&)) {
  return {duty::answer, how, nullptr, {}};
}

route errand(errand_handler how) {
  return {duty::errand, nullptr, how, {}};
}

// One that may look at all there is: these wait only for each other.
route search(errand_handler how) {
  return {duty::errand, nullptr, how, {}, nullptr, true};
}

route setting(outcome<response> (*how)(guest&, std::string_view)) {
  return {duty::setting, nullptr, nullptr, {}, how};
}

route repository(errand_handler how) {
  return {duty::git, nullptr, how};
}

const entry entries[] = {
    {"GET", "/version", answered(describe_version)},
    {"GET", claim_path, answered(describe_claim)},
    {"POST", claim_path, setting(claim)},
    {"GET", "/varve/work", {duty::work, nullptr, nullptr, {}}},
    {"GET", "/work-dir", answered(work_dir)},
    {"GET", "/user-home-dir", answered(home_dir)},
    {"GET", "/project-dir", answered(home_dir)},
    {"POST", "/init", setting(initialize)},
    {"POST", "/env", setting(change_environment)},
    {"GET", "/system/metrics", errand(system_metrics)},
    {"GET", "/port", errand(list_ports)},
    {"POST", "/process/execute", {duty::execute}},
    {"POST", "/process/code-run", {duty::code_run}},
    {"GET", "/files", errand(files::list)},
    {"DELETE", "/files", errand(files::remove)},
    {"GET", "/files/info", errand(files::info)},
    {"POST", "/files/folder", errand(files::folder)},
    {"POST", "/files/move", errand(files::move)},
    {"POST", "/files/permissions", errand(files::permissions)},
    {"GET", "/files/find", search(files::find)},
    {"GET", "/files/search", search(files::search)},
    {"POST", "/files/replace", search(files::replace)},
    {"GET", "/files/download", errand(files::download)},
    {"POST", "/files/upload", errand(files::upload)},
    {"POST", "/files/upload-v2", errand(files::upload_v2)},
    {"POST", "/files/bulk-upload", errand(files::bulk_upload)},
    {"POST", "/files/bulk-download", errand(files::bulk_download)},
    {"POST", "/git/clone", repository(git::clone)},
    {"POST", "/git/init", repository(git::init)},
    {"GET", "/git/status", repository(git::status)},
    {"GET", "/git/history", repository(git::history)},
    {"GET", "/git/branches", repository(git::branches)},
    {"POST", "/git/branches", repository(git::create_branch)},
    {"DELETE", "/git/branches", repository(git::delete_branch)},
    {"POST", "/git/checkout", repository(git::checkout)},
    {"POST", "/git/add", repository(git::add)},
    {"POST", "/git/commit", repository(git::commit_staged)},
    {"POST", "/git/reset", repository(git::reset)},
    {"POST", "/git/restore", repository(git::restore)},
    {"POST", "/git/push", repository(git::push)},
    {"POST", "/git/pull", repository(git::pull)},
    {"GET", "/git/remotes", repository(git::remotes)},
    {"POST", "/git/remotes", repository(git::add_remote)},
    {"GET", "/git/config", repository(git::get_config)},
    {"POST", "/git/config", repository(git::set_config)},
    {"POST", "/git/config/user", repository(git::set_user)},
    {"POST", "/git/credentials", repository(git::credentials)},
};

bool is_port_question(std::string_view path) {
  auto slash = path.rfind('/');
  return path.starts_with("/port/") && slash > 6
         && path.substr(slash) == "/in-use" && path.find('/', 6) == slash;
}

bool is_below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix)
         && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

} // namespace

route find_route(std::string_view method, std::string_view path) {
  if (method == "HEAD")
    method = "GET";
  for (const auto& one : entries)
    if (one.path == path && one.method == method)
      return one.where;
  if (is_below(path, "/process/session"))
    return {duty::session};
  if (is_below(path, "/process/pty"))
    return {duty::terminal};
  if (is_below(path, "/lsp"))
    return {duty::language};
  if ((path == "/process" && method == "GET")
      || path.starts_with("/process/command/"))
    return {duty::process};
  if (is_below(path, "/process/interpreter"))
    return {duty::interpreter};
  if (method == "GET" && is_port_question(path))
    return errand(port_in_use);
  if (auto name = computer_use_route(method, path); !name.empty())
    return {duty::not_built, nullptr, nullptr, name};
  return {};
}

} // namespace varve::toolbox
