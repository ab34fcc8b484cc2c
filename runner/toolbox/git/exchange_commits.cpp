// POST /git/push and /git/pull.
#include "runner/toolbox/git/branch_name.hpp"
#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/transfer.hpp"
#include "runner/toolbox/git/upstream.hpp"

namespace varve::toolbox::git {

namespace {

struct wanted_exchange {
  repository repo;
  std::string head;   // "refs/heads/main", empty when detached
  std::string branch; // "main", as it is called at the remote
  std::string remote;
  std::optional<login> given;
  bool sets_upstream = false;
};

outcome<wanted_exchange> read_wanted(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  wanted_exchange out;
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(out.branch, body.text("branch"));
  BOOST_OUTCOME_TRY(out.remote, body.text("remote"));
  BOOST_OUTCOME_TRY(out.sets_upstream, body.flag("set_upstream"));
  BOOST_OUTCOME_TRY(out.given, body.credentials());
  BOOST_OUTCOME_TRY(out.repo, open_repository(ex, path));
  BOOST_OUTCOME_TRY(out.head, head_branch(out.repo));
  if (!out.branch.empty()) {
    BOOST_OUTCOME_TRYV(checked_branch_name(out.branch));
  }
  return out;
}

problem detached() {
  return bad_request("HEAD is on no branch: branch is required");
}

outcome<void> note_published(git_repository* repo, const upstream& at,
                             const std::string& local) {
  git_oid id;
  reference made;
  BOOST_OUTCOME_TRYV(
      checked(git_reference_name_to_id(&id, repo, local.c_str())));
  BOOST_OUTCOME_TRYV(checked(git_reference_create(
      made.put(), repo, at.tracking().c_str(), &id, 1, "push")));
  return boost::outcome_v2::success();
}

outcome<response> push_branch(exchange& ex) {
  BOOST_OUTCOME_TRY(auto wanted, read_wanted(ex));
  git_repository* repo = wanted.repo;
  if (wanted.branch.empty())
    wanted.branch = short_name(wanted.head);
  if (wanted.branch.empty())
    return detached();
  auto local = "refs/heads/" + wanted.branch;
  if (!has_reference(repo, local))
    return local == wanted.head ? no_commits()
                                : branch_not_found(wanted.branch);
  upstream at{wanted.remote.empty() ? "origin" : wanted.remote, wanted.branch};
  transfer link{ex, repo, wanted.given};
  BOOST_OUTCOME_TRY(auto to, find_remote(repo, at.remote));
  BOOST_OUTCOME_TRY(auto where, address_of(to));
  BOOST_OUTCOME_TRYV(link.open(where));
  BOOST_OUTCOME_TRYV(link.push(to, local + ":" + local));
  BOOST_OUTCOME_TRYV(note_published(repo, at, local));
  if (wanted.sets_upstream) {
    BOOST_OUTCOME_TRYV(set_upstream(repo, local, at));
  }
  return done(200);
}

// The current branch as configured, else by its name at origin.
outcome<upstream> pull_source(const wanted_exchange& wanted) {
  BOOST_OUTCOME_TRY(auto up, upstream_of(wanted.repo, wanted.head));
  auto out = up.value_or(upstream{"origin", short_name(wanted.head)});
  if (!wanted.remote.empty() && wanted.remote != out.remote)
    out = {wanted.remote, short_name(wanted.head)};
  if (!wanted.branch.empty())
    out.branch = wanted.branch;
  if (out.branch.empty())
    return detached();
  return out;
}

// Moves HEAD, and the branch it is on.
outcome<void> move_head(git_repository* repo, const std::string& head,
                        const git_oid& to) {
  BOOST_OUTCOME_TRYV(switch_files(repo, to));
  if (head.empty()) {
    BOOST_OUTCOME_TRYV(checked(git_repository_set_head_detached(repo, &to)));
    return boost::outcome_v2::success();
  }
  reference moved;
  BOOST_OUTCOME_TRYV(checked(git_reference_create(
      moved.put(), repo, head.c_str(), &to, 1, "pull: fast-forward")));
  return boost::outcome_v2::success();
}

outcome<void> fast_forward(git_repository* repo, const std::string& head,
                           const upstream& from) {
  git_oid theirs;
  BOOST_OUTCOME_TRYV(checked(
      git_reference_name_to_id(&theirs, repo, from.tracking().c_str())));
  annotated_commit to;
  BOOST_OUTCOME_TRYV(
      checked(git_annotated_commit_lookup(to.put(), repo, &theirs)));
  git_merge_analysis_t found{};
  git_merge_preference_t preference{};
  const git_annotated_commit* all[] = {to};
  BOOST_OUTCOME_TRYV(
      checked(git_merge_analysis(&found, &preference, repo, all, 1)));
  if ((found & GIT_MERGE_ANALYSIS_UP_TO_DATE) != 0)
    return boost::outcome_v2::success();
  if ((found & (GIT_MERGE_ANALYSIS_FASTFORWARD | GIT_MERGE_ANALYSIS_UNBORN))
      == 0)
    return merge_conflict("the branch and " + from.name()
                          + " have diverged; only a fast-forward is done");
  return move_head(repo, head, theirs);
}

outcome<response> pull_branch(exchange& ex) {
  BOOST_OUTCOME_TRY(auto wanted, read_wanted(ex));
  if (git_repository_is_bare(wanted.repo) != 0)
    return bad_request("a bare repository has no working tree");
  BOOST_OUTCOME_TRY(auto source, pull_source(wanted));
  transfer link{ex, wanted.repo, wanted.given};
  BOOST_OUTCOME_TRY(auto from, find_remote(wanted.repo, source.remote));
  BOOST_OUTCOME_TRY(auto where, address_of(from));
  BOOST_OUTCOME_TRYV(link.open(where));
  BOOST_OUTCOME_TRYV(link.connect(from, GIT_DIRECTION_FETCH));
  auto name = "refs/heads/" + source.branch;
  BOOST_OUTCOME_TRY(auto found, link.find(from, name));
  if (!found)
    return branch_not_found(source.branch + " at the remote");
  BOOST_OUTCOME_TRYV(link.fetch(from, {"+" + name + ":" + source.tracking()}));
  BOOST_OUTCOME_TRYV(fast_forward(wanted.repo, wanted.head, source));
  return done(200);
}

} // namespace

void push(exchange& ex) {
  serve(ex, push_branch);
}

void pull(exchange& ex) {
  serve(ex, pull_branch);
}

} // namespace varve::toolbox::git
