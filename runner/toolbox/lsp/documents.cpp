#include "runner/toolbox/lsp/documents.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

namespace {

constexpr std::string_view scheme = "file://";
constexpr std::string_view hex = "0123456789ABCDEF";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9')
         || std::string_view{"/-._~"}.find(c) != std::string_view::npos;
}

int digit(char c) {
  auto upper = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  auto value = hex.find(upper);
  return value == std::string_view::npos ? -1 : static_cast<int>(value);
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    if (text[i] != '%' || high < 0 || low < 0 || high + low == 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// Which of the places that a path may mean has it.
std::string located(const std::string& path, const std::string& workdir,
                    const std::string& project) {
  if (path.starts_with('/'))
    return path;
  auto first = (workdir == "/" ? "" : workdir) + "/" + path;
  auto second = project + "/" + path;
  return !exists(first) && exists(second) ? second : first;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size
         && a.st_mtim.tv_sec == b.st_mtim.tv_sec
         && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

problem unreadable(const std::string& path, const std::string& why) {
  return bad_request("cannot read " + path + ": " + why);
}

std::string identifier(const std::string& path) {
  return "{\"textDocument\":{\"uri\":" + json_string(file_uri(path));
}

} // namespace

std::string file_uri(std::string_view path) {
  std::string out{scheme};
  for (char c : path) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += hex[byte >> 4];
    out += hex[byte & 15];
  }
  return out;
}

outcome<std::string> path_in_uri(std::string_view uri,
                                 const std::string& workdir,
                                 const std::string& project) {
  if (uri.starts_with(scheme))
    uri.remove_prefix(scheme.size());
  else if (uri.find("://") != std::string_view::npos)
    return bad_request("the uri must begin with file://");
  if (uri.empty())
    return bad_request("the uri names no file");
  auto written = located(std::string{uri}, workdir, project);
  auto meant = located(unescaped(uri), workdir, project);
  return exists(written) || !exists(meant) ? written : meant;
}

outcome<std::string> read_source(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    return unreadable(path, errno_text(errno));
  struct stat status {};
  std::string out;
  std::optional<problem> trouble;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
    trouble = unreadable(path, "not a file");
  char part[64 << 10];
  while (!trouble) {
    auto n = ::read(fd, part, sizeof part);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      trouble = unreadable(path, errno_text(errno));
    if (n <= 0)
      break;
    out.append(part, static_cast<std::size_t>(n));
    if (out.size() > source_file_limit)
      trouble = unreadable(path, "it is larger than 4 MiB");
  }
  ::close(fd);
  if (trouble)
    return std::move(*trouble);
  return out;
}

std::list<documents::document>::iterator
documents::find(const std::string& path) {
  return std::find_if(open_.begin(), open_.end(),
                      [&](const auto& one) { return one.path == path; });
}

outcome<void> documents::open(const std::string& path) {
  auto found = find(path);
  document now{path};
  if (::stat(path.c_str(), &now.status) != 0) {
    auto why = errno;
    close(path);
    return unreadable(path, errno_text(why));
  }
  if (found != open_.end() && same_file(found->status, now.status)) {
    open_.splice(open_.end(), open_, found);
    return boost::outcome_v2::success();
  }
  BOOST_OUTCOME_TRY(auto text, read_source(path));
  if (found == open_.end()) {
    server_.tell("textDocument/didOpen",
                 identifier(path) + ",\"languageId\":"
                     + json_string(document_language(language_, path))
                     + ",\"version\":1,\"text\":" + json_string(text) + "}}");
  } else {
    now.version = found->version + 1;
    server_.tell(
        "textDocument/didChange",
        identifier(path) + ",\"version\":" + std::to_string(now.version)
            + "},\"contentChanges\":[{\"text\":" + json_string(text) + "}]}");
    open_.erase(found);
  }
  open_.push_back(std::move(now));
  if (open_.size() > most_open) {
    tell_close(open_.front());
    open_.pop_front();
  }
  return boost::outcome_v2::success();
}

void documents::refresh(const std::string& path) {
  if (find(path) == open_.end())
    return;
  // One that has gone is closed; the server looks for itself.
  [[maybe_unused]] auto tried = open(path);
}

void documents::close(const std::string& path) {
  auto found = find(path);
  if (found == open_.end())
    return;
  tell_close(*found);
  open_.erase(found);
}

void documents::tell_close(const document& which) {
  server_.tell("textDocument/didClose", identifier(which.path) + "}}");
}

} // namespace varve::toolbox
