// POST /files/bulk-download: several files as one multipart answer.
#include "runner/toolbox/files/disposition.hpp"
#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/source_file.hpp"
#include "runner/toolbox/json_body.hpp"

namespace varve::toolbox::files {

namespace {

constexpr std::size_t body_limit = 2 << 20;
// Part lengths are announced, so that a file may contain the boundary.
constexpr const char* boundary = "DAYTONA-FILE-BOUNDARY";

outcome<std::vector<std::string>> wanted_paths(std::string_view body) {
  std::vector<std::string> out;
  auto members = parse_object(body);
  auto taken = members ? take_texts(members.value(), "paths", out)
                       : outcome<bool>{members.error()};
  if (!taken || out.empty())
    return problem{400, "INVALID_REQUEST_BODY",
                   "request body must be {\"paths\": [\"...\", ...]} and "
                   "name at least one path"};
  return out;
}

std::string part_head(const char* name, const std::string& path,
                      const std::string& type, std::uint64_t length) {
  auto kind = std::string{"form-data; name=\""} + name + "\"";
  return std::string{"--"} + boundary + "\r\nContent-Disposition: "
         + disposition(kind, path) + "\r\nContent-Type: " + type
         + "\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

bool send_problem(exchange& ex, const problem& p, const std::string& path) {
  auto body = problem_body(p, ex.request().path, ex.request().method);
  return ex.write(
      part_head("error", path, "application/json; charset=utf-8", body.size())
      + body + "\r\n");
}

// False ends the answer without its last boundary, which clients take for
// what it is: cut short.
bool send_path(exchange& ex, const std::string& path) {
  if (path.empty())
    return send_problem(ex, invalid_path("path is empty"), path);
  source_file file;
  auto opened = file.open(resolve(ex.sandbox(), path), path);
  if (!opened)
    return send_problem(ex, opened.error(), path);
  return ex.write(part_head("file", path, content_type_of(path), file.size()))
         && file.send(ex, 0, file.size()) && ex.write("\r\n");
}

} // namespace

void bulk_download(exchange& ex) {
  auto body = ex.read_all(body_limit);
  if (!body)
    return ex.answer(body.error());
  auto paths = wanted_paths(body.value());
  if (!paths)
    return ex.answer(paths.error());
  ex.begin(200, std::string{"multipart/form-data; boundary="} + boundary, {},
           std::nullopt);
  for (const auto& path : paths.value())
    if (!send_path(ex, path))
      return;
  ex.write(std::string{"--"} + boundary + "--\r\n");
  ex.finish();
}

} // namespace varve::toolbox::files
