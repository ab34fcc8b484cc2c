#include "runner/toolbox/routes.hpp"

#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/json_text.hpp"

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

response version(const guest& g) {
  std::string out =
      "{\"version\":\"v" VARVE_VERSION "\",\"user\":" + json_string(g.who.name);
  if (!g.who.note.empty())
    out += ",\"note\":" + json_string(g.who.note);
  return json_response(200, out + "}");
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

const entry entries[] = {
    {"GET", "/version", answered(version)},
    {"GET", "/work-dir", answered(work_dir)},
    {"GET", "/user-home-dir", answered(home_dir)},
    {"GET", "/project-dir", answered(home_dir)},
    {"POST", "/process/execute", {duty::execute, nullptr, nullptr, {}}},
    {"POST", "/process/code-run", {duty::code_run, nullptr, nullptr, {}}},
    {"GET", "/files", errand(files::list)},
    {"DELETE", "/files", errand(files::remove)},
    {"GET", "/files/info", errand(files::info)},
    {"POST", "/files/folder", errand(files::folder)},
    {"POST", "/files/move", errand(files::move)},
    {"POST", "/files/permissions", errand(files::permissions)},
    {"GET", "/files/find", errand(files::find)},
    {"GET", "/files/search", errand(files::search)},
    {"POST", "/files/replace", errand(files::replace)},
    {"GET", "/files/download", errand(files::download)},
    {"POST", "/files/upload", errand(files::upload)},
    {"POST", "/files/upload-v2", errand(files::upload_v2)},
    {"POST", "/files/bulk-upload", errand(files::bulk_upload)},
    {"POST", "/files/bulk-download", errand(files::bulk_download)},
};

// Parts of the contract that are served later, by the first path segments.
constexpr std::string_view unbuilt[] = {"/process/interpreter",
                                        "/git",
                                        "/lsp",
                                        "/computeruse",
                                        "/port",
                                        "/proxy",
                                        "/env",
                                        "/system/metrics",
                                        "/init"};

bool is_below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix)
         && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

} // namespace

route find_route(std::string_view method, std::string_view path) {
  for (const auto& one : entries)
    if (one.path == path && one.method == method)
      return one.where;
  if (is_below(path, "/process/session"))
    return {duty::session, nullptr, nullptr, {}};
  if (is_below(path, "/process/pty"))
    return {duty::terminal, nullptr, nullptr, {}};
  for (auto prefix : unbuilt)
    if (is_below(path, prefix))
      return {duty::not_built, nullptr, nullptr, prefix};
  return {};
}

} // namespace varve::toolbox
