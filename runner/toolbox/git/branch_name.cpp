#include "runner/toolbox/git/branch_name.hpp"

#include "runner/toolbox/git/interruption.hpp"
#include "runner/toolbox/git/library.hpp"

namespace varve::toolbox::git {

namespace {

// The first files that stand in the way.
struct in_the_way {
  std::string names;
  std::size_t count = 0;
};

int note_conflict(git_checkout_notify_t, const char* path, const git_diff_file*,
                  const git_diff_file*, const git_diff_file*, void* payload) {
  auto& all = *static_cast<in_the_way*>(payload);
  if (all.count++ < 5)
    all.names += (all.names.empty() ? "" : ", ") + std::string{path};
  return is_interrupted() ? GIT_EUSER : 0;
}

outcome<void> write_tree(git_repository* repo, const git_oid& id,
                         unsigned strategy) {
  commit of;
  BOOST_OUTCOME_TRYV(checked(git_commit_lookup(of.put(), repo, &id)));
  in_the_way blocking;
  git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
  options.checkout_strategy = strategy;
  options.notify_flags = GIT_CHECKOUT_NOTIFY_CONFLICT;
  options.notify_cb = note_conflict;
  options.notify_payload = &blocking;
  int code = git_checkout_tree(
      repo, reinterpret_cast<const git_object*>(of.get()), &options);
  if (code == GIT_ECONFLICT)
    return dirty_worktree("local changes would be overwritten: "
                          + blocking.names);
  BOOST_OUTCOME_TRYV(checked(code));
  return boost::outcome_v2::success();
}

} // namespace

outcome<std::string> checked_branch_name(const std::string& name) {
  int valid = 0;
  if (git_branch_name_is_valid(&valid, name.c_str()) < 0 || valid == 0)
    return bad_request("'" + name + "' is no valid name of a branch");
  return "refs/heads/" + name;
}

outcome<void> switch_files(git_repository* repo, const git_oid& to) {
  return write_tree(repo, to, GIT_CHECKOUT_SAFE);
}

outcome<void> write_files(git_repository* repo, const git_oid& of) {
  return write_tree(repo, of, GIT_CHECKOUT_FORCE);
}

outcome<git_oid> resolve_commit(git_repository* repo, const std::string& name) {
  object found;
  object peeled;
  int code = git_revparse_single(found.put(), repo, name.c_str());
  if (code == GIT_ENOTFOUND)
    return not_found("there is no commit, tag or branch '" + name + "'");
  BOOST_OUTCOME_TRYV(checked(code));
  code = git_object_peel(peeled.put(), found, GIT_OBJECT_COMMIT);
  if (code < 0)
    return bad_request("'" + name + "' is no commit");
  return *git_object_id(peeled);
}

} // namespace varve::toolbox::git
