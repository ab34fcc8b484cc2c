#include "runner/toolbox/git/library.hpp"

#include <cstdlib>

#include <netdb.h>
#include <nss.h>

#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/git/interruption.hpp"
#include "runner/toolbox/git/shallow.hpp"

namespace varve::toolbox::git {

namespace {

// The library reads HOME, proxies and git's own variables from here.
void take_environment(const guest& g) {
  ::clearenv();
  for (const auto& entry : g.environment)
    if (auto equals = entry.find('='); equals != std::string::npos)
      ::setenv(entry.substr(0, equals).c_str(),
               entry.substr(equals + 1).c_str(), 1);
  // Else it asks for the user's entry, which may load the image's libraries.
  if (variable(g.environment, "HOME").empty())
    ::setenv("HOME", g.who.home.empty() ? "/" : g.who.home.c_str(), 1);
}

outcome<void> prepare(const guest& g) {
  take_environment(g);
  // Any other source of names would be a library of the image's.
  ::__nss_configure_lookup("hosts", "files dns");
  BOOST_OUTCOME_TRYV(checked(git_libgit2_init()));
  // Whoever owns it: this process can do no more than the sandbox's user, and
  // the library runs no hook, filter or helper that a repository names.
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  return boost::outcome_v2::success();
}

outcome<response> run(exchange& ex, work what) {
  BOOST_OUTCOME_TRYV(prepare(ex.sandbox()));
  auto result = what(ex);
  if (!result)
    if (auto why = interruption())
      return std::move(*why);
  return result;
}

} // namespace

void serve(exchange& ex, work what) {
  limit_time(ex, time_limit);
  auto result = run(ex, what);
  if (ex.has_begun())
    return;
  if (result)
    ex.answer(result.value());
  else
    ex.answer(result.error());
}

outcome<repository> open_repository(exchange& ex, const std::string& path) {
  repository out;
  auto full = files::resolve(ex.sandbox(), path);
  int code = git_repository_open_ext(out.put(), full.c_str(),
                                     GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code == GIT_ENOTFOUND)
    return repository_not_found("there is no git repository at " + path);
  BOOST_OUTCOME_TRYV(checked(code));
  BOOST_OUTCOME_TRYV(end_history_at_boundary(out));
  return out;
}

outcome<repository> open_queried(exchange& ex) {
  BOOST_OUTCOME_TRY(auto path, ex.required("path"));
  return open_repository(ex, path);
}

outcome<std::string> head_branch(git_repository* repo) {
  reference head;
  BOOST_OUTCOME_TRYV(checked(git_reference_lookup(head.put(), repo, "HEAD")));
  if (git_reference_type(head) != GIT_REFERENCE_SYMBOLIC)
    return std::string{};
  return std::string{git_reference_symbolic_target(head)};
}

std::string short_name(std::string_view full) {
  for (std::string_view prefix : {"refs/heads/", "refs/tags/"})
    if (full.starts_with(prefix))
      return std::string{full.substr(prefix.size())};
  return std::string{full};
}

outcome<response> done(int status) {
  return empty_response(status);
}

} // namespace varve::toolbox::git
