#include "runner/toolbox/git/paths.hpp"

#include <string_view>

#include "runner/toolbox/git/failure.hpp"

namespace varve::toolbox::git {

namespace {

using pattern_set = handle<git_pathspec, git_pathspec_free>;

outcome<pattern_set> compiled(const std::string& pattern) {
  auto text = pattern;
  char* pointers[] = {text.data()};
  git_strarray all{pointers, 1};
  pattern_set out;
  BOOST_OUTCOME_TRYV(checked(git_pathspec_new(out.put(), &all)));
  return out;
}

} // namespace

outcome<std::string> path_within(const std::string& top,
                                 const std::string& path) {
  std::string_view rest = path;
  if (rest.starts_with('/')) {
    std::string_view prefix = top;
    while (prefix.ends_with('/'))
      prefix.remove_suffix(1);
    if (!rest.starts_with(prefix)
        || (rest.size() > prefix.size() && rest[prefix.size()] != '/'))
      return bad_request("'" + path + "' is outside the repository");
    rest.remove_prefix(prefix.size());
  }
  std::string out;
  while (!rest.empty()) {
    auto part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part == "..")
      return bad_request("'" + path + "' is outside the repository");
    if (!part.empty() && part != ".")
      out += (out.empty() ? "" : "/") + std::string{part};
  }
  return out;
}

outcome<path_list> path_list::make(git_repository* repo,
                                   const std::vector<std::string>& paths) {
  const char* top = git_repository_workdir(repo);
  path_list out;
  for (const auto& path : paths) {
    BOOST_OUTCOME_TRY(auto one, path_within(top == nullptr ? "" : top, path));
    out.texts_.push_back(one.empty() ? "*" : std::move(one));
  }
  return out;
}

git_strarray path_list::all() {
  pointers_.clear();
  for (auto& text : texts_)
    pointers_.push_back(text.data());
  return {pointers_.data(), pointers_.size()};
}

outcome<void> path_list::check_each(git_repository* repo,
                                    git_tree* also) const {
  index all;
  BOOST_OUTCOME_TRYV(checked(git_repository_index(all.put(), repo)));
  for (const auto& text : texts_) {
    if (text == "*" || fits_index(all, text))
      continue;
    BOOST_OUTCOME_TRY(auto pattern, compiled(text));
    if (also == nullptr
        || git_pathspec_match_tree(nullptr, also, GIT_PATHSPEC_NO_MATCH_ERROR,
                                   pattern)
               < 0)
      return fits_nothing(text);
  }
  return boost::outcome_v2::success();
}

problem fits_nothing(const std::string& path) {
  return bad_request("'" + path + "' fits no file known to git");
}

bool fits_index(git_index* in, const std::string& pattern) {
  auto set = compiled(pattern);
  return set
         && git_pathspec_match_index(nullptr, in, GIT_PATHSPEC_NO_MATCH_ERROR,
                                     set.value())
                == 0;
}

} // namespace varve::toolbox::git
