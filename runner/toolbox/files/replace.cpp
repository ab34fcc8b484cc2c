// POST /files/replace: a text for another in each of several files.
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/found_list.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/json_body.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::files {

namespace {

constexpr std::size_t body_limit = 8 << 20;
constexpr std::size_t file_limit = 64 << 20; // a file is held while changed
constexpr std::size_t result_limit = 256 << 20;

struct replacement {
  std::vector<std::string> files;
  std::string pattern;
  std::string value;
};

outcome<replacement> parse(std::string_view body) {
  replacement out;
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  BOOST_OUTCOME_TRYV(take_texts(members, "files", out.files));
  BOOST_OUTCOME_TRYV(take_text(members, "pattern", out.pattern));
  BOOST_OUTCOME_TRY(auto has_value, take_text(members, "newValue", out.value));
  if (out.files.empty())
    return bad_request("'files' is required");
  if (out.pattern.empty())
    return bad_request("'pattern' is required");
  if (!has_value)
    return bad_request("'newValue' is required");
  return out;
}

std::size_t occurrences(const std::string& text, const std::string& pattern) {
  std::size_t n = 0;
  for (auto at = text.find(pattern); at != std::string::npos;
       at = text.find(pattern, at + pattern.size()))
    ++n;
  return n;
}

std::string replaced(const std::string& text, const replacement& what,
                     std::size_t size) {
  std::string out;
  out.reserve(size);
  std::size_t from = 0;
  for (auto at = text.find(what.pattern); at != std::string::npos;
       at = text.find(what.pattern, from)) {
    out.append(text, from, at - from);
    out += what.value;
    from = at + what.pattern.size();
  }
  out.append(text, from);
  return out;
}

struct open_file {
  int fd = -1;
  ~open_file() {
    if (fd >= 0)
      ::close(fd);
  }
};

outcome<std::string> read_text(int fd, const std::string& shown) {
  std::string out;
  char buffer[64 << 10];
  for (;;) {
    auto n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return file_problem(errno, shown);
    if (n == 0)
      return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > file_limit)
      return invalid_path("larger than 64 MiB: " + shown);
  }
}

outcome<void> write_text(int fd, std::string_view text,
                         const std::string& shown) {
  for (std::size_t done = 0; done < text.size();) {
    auto n = ::pwrite(fd, text.data() + done, text.size() - done,
                      static_cast<off_t>(done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return file_problem(errno, shown);
    done += static_cast<std::size_t>(n);
  }
  // Shortened only when all is written: a full disk loses nothing before it.
  if (::ftruncate(fd, static_cast<off_t>(text.size())) != 0)
    return file_problem(errno, shown);
  return boost::outcome_v2::success();
}

outcome<void> replace_in(const exchange& ex, const std::string& shown,
                         const replacement& what) {
  if (shown.empty())
    return invalid_path("path is empty");
  if (ex.worked() > list_limits{}.time)
    return problem{408, "REQUEST_TIMEOUT", "left as it was for lack of time"};
  auto path = resolve(ex.sandbox(), shown);
  open_file file{
      ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  struct stat st {};
  if (file.fd < 0 || ::fstat(file.fd, &st) != 0)
    return file_problem(errno, shown);
  if (!S_ISREG(st.st_mode))
    return invalid_path("not a regular file: " + shown);
  BOOST_OUTCOME_TRY(auto text, read_text(file.fd, shown));
  auto n = occurrences(text, what.pattern);
  if (n == 0)
    return boost::outcome_v2::success();
  auto kept = text.size() - n * what.pattern.size();
  if (n > result_limit || what.value.size() > (result_limit - kept) / n)
    return invalid_path("would become larger than 256 MiB: " + shown);
  return write_text(file.fd, replaced(text, what, kept + n * what.value.size()),
                    shown);
}

} // namespace

void replace(exchange& ex) {
  auto body = ex.read_all(body_limit);
  if (!body)
    return ex.answer(body.error());
  auto what = parse(body.value());
  if (!what)
    return ex.answer(what.error());
  std::string out;
  for (const auto& file : what.value().files) {
    auto done = replace_in(ex, file, what.value());
    out += (out.empty() ? "{\"file\":" : ",{\"file\":") + json_string(file);
    if (done)
      out += ",\"success\":true}";
    else
      out += ",\"success\":false,\"error\":" + json_string(done.error().message)
             + "}";
  }
  ex.answer(json_response(200, "[" + out + "]"));
}

} // namespace varve::toolbox::files
