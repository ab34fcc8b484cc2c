// GET /files/download: one file, or a range of it.
#include <ctime>

#include "runner/toolbox/files/byte_range.hpp"
#include "runner/toolbox/files/disposition.hpp"
#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/source_file.hpp"

namespace varve::toolbox::files {

namespace {

std::string http_date(std::time_t seconds) {
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char out[64];
  auto n = std::strftime(out, sizeof out, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {out, n};
}

// Changes whenever the file's content may have changed.
std::string entity_tag(const struct stat& st) {
  return "\"" + std::to_string(st.st_mtim.tv_sec) + "."
         + std::to_string(st.st_mtim.tv_nsec) + "-" + std::to_string(st.st_size)
         + "-" + std::to_string(st.st_ino) + "\"";
}

std::vector<name_value> file_headers(const source_file& file,
                                     const std::string& path) {
  auto name = path.substr(path.rfind('/') + 1);
  return {{"Content-Description", "File Transfer"},
          {"Content-Transfer-Encoding", "binary"},
          {"Content-Disposition", disposition("attachment", name)},
          {"Expires", "0"},
          {"Cache-Control", "must-revalidate"},
          {"Pragma", "public"},
          {"Accept-Ranges", "bytes"},
          {"Last-Modified", http_date(file.status().st_mtim.tv_sec)},
          {"ETag", entity_tag(file.status())}};
}

// A range counts only for the file the client has seen the beginning of.
byte_range wanted_range(const request& rq, const source_file& file) {
  bool changed = !rq.if_range.empty()
                 && rq.if_range != entity_tag(file.status())
                 && rq.if_range != http_date(file.status().st_mtim.tv_sec);
  return parse_range(changed ? std::string_view{} : rq.range, file.size());
}

} // namespace

void download(exchange& ex) {
  auto path = ex.required("path");
  if (!path)
    return ex.answer(path.error());
  source_file file;
  auto opened = file.open(resolve(ex.sandbox(), path.value()), path.value());
  if (!opened)
    return ex.answer(opened.error());
  auto headers = file_headers(file, path.value());
  auto range = wanted_range(ex.request(), file);
  auto size = std::to_string(file.size());
  if (range.kind == range_kind::unsatisfiable) {
    auto refused = problem_response(
        {416, "RANGE_NOT_SATISFIABLE", "the range is outside of the file"},
        ex.request());
    refused.headers = {{"Content-Range", "bytes */" + size}};
    return ex.answer(refused);
  }
  bool is_part = range.kind == range_kind::part;
  if (is_part)
    headers.emplace_back("Content-Range",
                         "bytes " + std::to_string(range.first) + "-"
                             + std::to_string(range.first + range.length - 1)
                             + "/" + size);
  ex.begin(is_part ? 206 : 200, "application/octet-stream", headers,
           range.length);
  if (file.send(ex, range.first, range.length))
    ex.finish();
}

} // namespace varve::toolbox::files
