// POST /git/credentials: git's own credential helper "store", for everything
// in the sandbox that uses git.
#include "runner/toolbox/git/credential_store.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/git/configuration.hpp"
#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/library.hpp"

namespace varve::toolbox::git {

namespace {

std::string home_of(const guest& g) {
  auto home = variable(g.environment, "HOME");
  return home.empty() ? g.who.home : std::string{home};
}

bool is_host(std::string_view text) {
  return !text.empty()
         && text.find_first_of("/@\\?# \t\r\n") == std::string_view::npos;
}

outcome<void> replace_file(const std::string& path, std::string_view text) {
  auto fresh = path + ".lock";
  int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return files::file_problem(errno, path);
  auto n = ::write(fd, text.data(), text.size());
  bool ok = n == static_cast<ssize_t>(text.size());
  ok = ::close(fd) == 0 && ok;
  if (ok && ::rename(fresh.c_str(), path.c_str()) == 0)
    return boost::outcome_v2::success();
  int error = errno;
  ::unlink(fresh.c_str());
  return files::file_problem(error, path);
}

outcome<response> keep_login(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  login entry;
  BOOST_OUTCOME_TRY(entry.user, body.required("username"));
  BOOST_OUTCOME_TRY(entry.password, body.required("password"));
  BOOST_OUTCOME_TRY(auto host, body.text("host", "github.com"));
  BOOST_OUTCOME_TRY(auto protocol, body.text("protocol", "https"));
  if (!is_host(host))
    return invalid_body("'host' must be a host name, with a port or without");
  if (protocol != "https" && protocol != "http")
    return invalid_body("'protocol' must be https or http");
  auto path = credential_files(ex.sandbox()).front();
  std::string before;
  if (::access(path.c_str(), F_OK) == 0) {
    auto text = read_small_file(path.c_str(), credential_file_limit);
    if (!text)
      return files::file_problem(EACCES, path);
    before = std::move(text.value());
  }
  BOOST_OUTCOME_TRYV(
      replace_file(path, with_login(before, protocol, host, entry)));
  BOOST_OUTCOME_TRYV(set_global("credential.helper", "store"));
  return done(200);
}

} // namespace

std::vector<std::string> credential_files(const guest& g) {
  std::vector<std::string> out{home_of(g) + "/.git-credentials"};
  auto folder = std::string{variable(g.environment, "XDG_CONFIG_HOME")};
  if (folder.empty())
    folder = home_of(g) + "/.config";
  out.push_back(folder + "/git/credentials");
  return out;
}

void credentials(exchange& ex) {
  serve(ex, keep_login);
}

} // namespace varve::toolbox::git
