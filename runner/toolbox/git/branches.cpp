// /git/branches and /git/checkout.
#include "runner/toolbox/git/branch_name.hpp"
#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/library.hpp"
#include "runner/toolbox/git/upstream.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::git {

namespace {

outcome<response> list_branches(exchange& ex) {
  BOOST_OUTCOME_TRY(auto repo, open_queried(ex));
  reference_iterator all;
  BOOST_OUTCOME_TRYV(checked(
      git_reference_iterator_glob_new(all.put(), repo, "refs/heads/*")));
  std::string out = "{\"branches\":[";
  const char* name = nullptr;
  while (git_reference_next_name(&name, all) == 0) {
    out += out.back() == '[' ? "" : ",";
    out += json_string(short_name(name));
  }
  BOOST_OUTCOME_TRY(auto current, head_branch(repo));
  out += "],\"current\":" + json_string(short_name(current)) + "}";
  return json_response(200, std::move(out));
}

struct named_branch {
  repository repo;
  std::string name; // "main"
  std::string full; // "refs/heads/main"
};

outcome<named_branch> read_named(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  named_branch out;
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(out.name, body.required("name"));
  BOOST_OUTCOME_TRY(out.repo, open_repository(ex, path));
  BOOST_OUTCOME_TRY(out.full, checked_branch_name(out.name));
  return out;
}

// At HEAD, and HEAD on it: no file changes.
outcome<response> make_branch(exchange& ex) {
  BOOST_OUTCOME_TRY(auto wanted, read_named(ex));
  git_repository* repo = wanted.repo;
  if (has_reference(repo, wanted.full))
    return branch_exists(wanted.name);
  git_oid id;
  int code = git_reference_name_to_id(&id, repo, "HEAD");
  if (code == 0) {
    reference made;
    BOOST_OUTCOME_TRYV(checked(git_reference_create(
        made.put(), repo, wanted.full.c_str(), &id, 0, "branch: created")));
  } else if (code != GIT_ENOTFOUND) { // else there is no commit yet
    return last_problem(code);
  }
  BOOST_OUTCOME_TRYV(
      checked(git_repository_set_head(repo, wanted.full.c_str())));
  return done(201);
}

outcome<response> remove_branch(exchange& ex) {
  BOOST_OUTCOME_TRY(auto wanted, read_named(ex));
  reference which;
  int code =
      git_reference_lookup(which.put(), wanted.repo, wanted.full.c_str());
  if (code == GIT_ENOTFOUND)
    return done(204);
  BOOST_OUTCOME_TRYV(checked(code));
  if (git_branch_is_checked_out(which) == 1)
    return conflict("the branch '" + wanted.name
                    + "' is checked out and cannot be deleted");
  BOOST_OUTCOME_TRYV(checked(git_branch_delete(which)));
  return done(204);
}

// A tracked file that differs from what is staged. (Untracked ones, and what
// is staged, are looked at file by file while switching.)
outcome<void> refuse_unstaged(git_repository* repo) {
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  options.show = GIT_STATUS_SHOW_WORKDIR_ONLY;
  status_list all;
  BOOST_OUTCOME_TRYV(checked(git_status_list_new(all.put(), repo, &options)));
  if (git_status_list_entrycount(all) == 0)
    return boost::outcome_v2::success();
  const auto* first = git_status_byindex(all, 0);
  return dirty_worktree("there are unstaged changes, for one in "
                        + std::string{first->index_to_workdir->old_file.path});
}

// Local "topic" for "origin/topic", as git does.
outcome<bool> track_remote_branch(git_repository* repo,
                                  const std::string& name) {
  upstream at{"origin", name};
  auto local = checked_branch_name(name);
  git_oid id;
  if (!local || git_reference_name_to_id(&id, repo, at.tracking().c_str()) < 0)
    return false;
  BOOST_OUTCOME_TRYV(switch_files(repo, id));
  reference made;
  BOOST_OUTCOME_TRYV(checked(git_reference_create(
      made.put(), repo, local.value().c_str(), &id, 0, "branch: created")));
  BOOST_OUTCOME_TRYV(set_upstream(repo, local.value(), at));
  BOOST_OUTCOME_TRYV(
      checked(git_repository_set_head(repo, local.value().c_str())));
  return true;
}

outcome<response> switch_to(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(auto name, body.required("branch"));
  BOOST_OUTCOME_TRY(auto repo, open_repository(ex, path));
  BOOST_OUTCOME_TRYV(refuse_unstaged(repo));
  auto full = "refs/heads/" + name;
  git_oid id;
  if (git_reference_name_to_id(&id, repo, full.c_str()) == 0) {
    BOOST_OUTCOME_TRYV(switch_files(repo, id));
    BOOST_OUTCOME_TRYV(checked(git_repository_set_head(repo, full.c_str())));
    return done(200);
  }
  BOOST_OUTCOME_TRY(auto tracked, track_remote_branch(repo, name));
  if (tracked)
    return done(200);
  auto commit = resolve_commit(repo, name);
  if (!commit)
    return branch_not_found(name);
  id = commit.value();
  BOOST_OUTCOME_TRYV(switch_files(repo, id));
  BOOST_OUTCOME_TRYV(checked(git_repository_set_head_detached(repo, &id)));
  return done(200);
}

} // namespace

void branches(exchange& ex) {
  serve(ex, list_branches);
}

void create_branch(exchange& ex) {
  serve(ex, make_branch);
}

void delete_branch(exchange& ex) {
  serve(ex, remove_branch);
}

void checkout(exchange& ex) {
  serve(ex, switch_to);
}

} // namespace varve::toolbox::git
