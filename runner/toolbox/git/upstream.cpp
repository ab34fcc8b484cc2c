#include "runner/toolbox/git/upstream.hpp"

#include "runner/toolbox/git/library.hpp"

namespace varve::toolbox::git {

namespace {

std::string setting(const std::string& branch, const char* what) {
  return "branch." + short_name(branch) + "." + what;
}

outcome<std::string> text_setting(git_config* from, const std::string& key) {
  text_buffer out;
  int code = git_config_get_string_buf(out.put(), from, key.c_str());
  if (code == GIT_ENOTFOUND)
    return std::string{};
  BOOST_OUTCOME_TRYV(checked(code));
  return std::string{out.c_str()};
}

} // namespace

outcome<std::optional<upstream>> upstream_of(git_repository* repo,
                                             const std::string& branch) {
  if (branch.empty())
    return std::optional<upstream>{};
  config all;
  BOOST_OUTCOME_TRYV(checked(git_repository_config(all.put(), repo)));
  BOOST_OUTCOME_TRY(auto at, text_setting(all, setting(branch, "remote")));
  BOOST_OUTCOME_TRY(auto merge, text_setting(all, setting(branch, "merge")));
  if (at.empty() || !merge.starts_with("refs/heads/"))
    return std::optional<upstream>{};
  return std::optional{upstream{std::move(at), short_name(merge)}};
}

outcome<void> set_upstream(git_repository* repo, const std::string& branch,
                           const upstream& to) {
  config all;
  BOOST_OUTCOME_TRYV(checked(git_repository_config(all.put(), repo)));
  BOOST_OUTCOME_TRYV(checked(git_config_set_string(
      all, setting(branch, "remote").c_str(), to.remote.c_str())));
  BOOST_OUTCOME_TRYV(
      checked(git_config_set_string(all, setting(branch, "merge").c_str(),
                                    ("refs/heads/" + to.branch).c_str())));
  return boost::outcome_v2::success();
}

bool has_reference(git_repository* repo, const std::string& name) {
  git_oid id;
  return git_reference_name_to_id(&id, repo, name.c_str()) == 0;
}

std::string published_branch(git_repository* repo, const std::string& branch,
                             const std::optional<upstream>& up) {
  if (branch.empty())
    return {};
  auto name = up.value_or(upstream{"origin", short_name(branch)}).tracking();
  return has_reference(repo, name) ? name : std::string{};
}

} // namespace varve::toolbox::git
