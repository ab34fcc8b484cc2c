// GET /git/history: answered commit by commit, whatever its length.
#include <cstdio>
#include <ctime>

#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/history_time.hpp"
#include "runner/toolbox/git/interruption.hpp"
#include "runner/toolbox/git/library.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::git {

namespace {

void append_commit(const git_commit* one, std::string& out) {
  char id[GIT_OID_HEXSZ + 1];
  git_oid_tostr(id, sizeof id, git_commit_id(one));
  const auto* author = git_commit_author(one);
  out += std::string{"{\"hash\":\""} + id;
  out += "\",\"author\":" + json_string(author->name);
  out += ",\"email\":" + json_string(author->email);
  out += ",\"message\":" + json_string(git_commit_message(one));
  out += ",\"timestamp\":\""
         + commit_time(author->when.time, author->when.offset) + "\"}";
}

outcome<response> tell_history(exchange& ex) {
  BOOST_OUTCOME_TRY(auto repo, open_queried(ex));
  if (git_repository_head_unborn(repo) == 1)
    return no_commits();
  walk commits;
  BOOST_OUTCOME_TRYV(checked(git_revwalk_new(commits.put(), repo)));
  BOOST_OUTCOME_TRYV(checked(git_revwalk_push_head(commits)));
  git_oid id;
  int code = git_revwalk_next(&id, commits);
  BOOST_OUTCOME_TRYV(checked(code)); // what is broken may show here
  ex.begin(200, "application/json; charset=utf-8", {}, std::nullopt);
  std::string text = "[";
  for (; code == 0 && !is_interrupted();
       code = git_revwalk_next(&id, commits)) {
    commit one;
    if (git_commit_lookup(one.put(), repo, &id) < 0)
      break;
    append_commit(one, text);
    if (!ex.write(text))
      break;
    text = ",";
  }
  if (code != GIT_ITEROVER) {
    ex.give_up(interruption().value_or(
        internal_failure("the history cannot be read to its end")));
    return done(500);
  }
  ex.write("]");
  ex.finish();
  return done(200);
}

} // namespace

std::string commit_time(std::int64_t seconds, int offset) {
  auto local = static_cast<std::time_t>(seconds + offset * 60);
  std::tm parts{};
  if (::gmtime_r(&local, &parts) == nullptr || parts.tm_year > 8099)
    return "1970-01-01T00:00:00Z";
  char day[32];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  if (offset == 0)
    return std::string{day} + "Z";
  char zone[16];
  int minutes = offset < 0 ? -offset : offset;
  std::snprintf(zone, sizeof zone, "%c%02d:%02d", offset < 0 ? '-' : '+',
                minutes / 60 % 24, minutes % 60);
  return std::string{day} + zone;
}

void history(exchange& ex) {
  serve(ex, tell_history);
}

} // namespace varve::toolbox::git
