// POST /git/reset and /git/restore.
#include <set>

#include "runner/toolbox/git/branch_name.hpp"
#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/library.hpp"
#include "runner/toolbox/git/paths.hpp"
#include "runner/toolbox/git/upstream.hpp"

namespace varve::toolbox::git {

namespace {

using diff = handle<git_diff, git_diff_free>;

// Null for HEAD of a repository without commits.
outcome<commit> find_commit(git_repository* repo, const std::string& name) {
  commit out;
  if (name == "HEAD" && !has_reference(repo, "HEAD"))
    return out;
  BOOST_OUTCOME_TRY(auto id, resolve_commit(repo, name));
  BOOST_OUTCOME_TRYV(checked(git_commit_lookup(out.put(), repo, &id)));
  return out;
}

git_object* as_object(const commit& one) {
  return reinterpret_cast<git_object*>(one.get());
}

outcome<tree> tree_of(const commit& one) {
  tree out;
  if (one.get() != nullptr) {
    BOOST_OUTCOME_TRYV(checked(git_commit_tree(out.put(), one)));
  }
  return out;
}

outcome<void> reset_to(git_repository* repo, const commit& to,
                       git_reset_t kind) {
  BOOST_OUTCOME_TRYV(checked(git_reset(repo, as_object(to), kind, nullptr)));
  return boost::outcome_v2::success();
}

outcome<std::set<std::string>> paths_of(git_diff* all) {
  std::set<std::string> out;
  for (std::size_t i = 0; i < git_diff_num_deltas(all); ++i)
    out.emplace(git_diff_get_delta(all, i)->new_file.path);
  return out;
}

// `keep`: local changes stay; where the commits differ there may be none.
outcome<void> reset_keep(git_repository* repo, const commit& to) {
  BOOST_OUTCOME_TRYV(switch_files(repo, *git_commit_id(to)));
  return reset_to(repo, to, GIT_RESET_MIXED);
}

// `merge`: what is staged goes, what is not stays; no file may have both.
outcome<void> reset_merge(git_repository* repo, const commit& to) {
  BOOST_OUTCOME_TRY(auto content, tree_of(to));
  index staged;
  diff changes;
  diff unstaged;
  BOOST_OUTCOME_TRYV(checked(git_repository_index(staged.put(), repo)));
  BOOST_OUTCOME_TRYV(checked(
      git_diff_tree_to_index(changes.put(), repo, content, staged, nullptr)));
  BOOST_OUTCOME_TRYV(checked(
      git_diff_index_to_workdir(unstaged.put(), repo, staged, nullptr)));
  BOOST_OUTCOME_TRY(auto wanted, paths_of(changes));
  BOOST_OUTCOME_TRY(auto local, paths_of(unstaged));
  bool has_conflicts = git_index_has_conflicts(staged) != 0;
  for (const auto& path : wanted)
    if (local.contains(path) && !has_conflicts)
      return dirty_worktree("there are unstaged changes in " + path);
  if (!wanted.empty()) {
    std::vector<std::string> texts{wanted.begin(), wanted.end()};
    std::vector<char*> pointers;
    for (auto& text : texts)
      pointers.push_back(text.data());
    git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
    // What only the index had is untracked by then.
    options.checkout_strategy = GIT_CHECKOUT_FORCE
                                | GIT_CHECKOUT_REMOVE_UNTRACKED
                                | GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH;
    options.paths = {pointers.data(), pointers.size()};
    BOOST_OUTCOME_TRYV(
        checked(git_checkout_tree(repo, as_object(to), &options)));
  }
  return reset_to(repo, to, GIT_RESET_MIXED);
}

outcome<void> reset_by_mode(git_repository* repo, const commit& to,
                            const std::string& mode) {
  if (to.get() == nullptr)
    return no_commits();
  if (mode == "soft")
    return reset_to(repo, to, GIT_RESET_SOFT);
  if (mode == "mixed")
    return reset_to(repo, to, GIT_RESET_MIXED);
  if (mode == "hard")
    return reset_to(repo, to, GIT_RESET_HARD);
  if (mode == "keep")
    return reset_keep(repo, to);
  return reset_merge(repo, to);
}

outcome<void> unstage(git_repository* repo, const commit& to,
                      path_list& paths) {
  auto all = paths.all();
  BOOST_OUTCOME_TRYV(checked(git_reset_default(repo, as_object(to), &all)));
  return boost::outcome_v2::success();
}

outcome<std::string> checked_mode(const fields& body) {
  BOOST_OUTCOME_TRY(auto mode, body.text("mode", "mixed"));
  for (std::string_view known : {"soft", "mixed", "hard", "merge", "keep"})
    if (mode == known)
      return mode;
  return invalid_body("mode must be soft, mixed, hard, merge or keep");
}

outcome<response> reset_repository(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(auto mode, checked_mode(body));
  BOOST_OUTCOME_TRY(auto target, body.text("target", "HEAD"));
  BOOST_OUTCOME_TRY(auto files, body.list("files"));
  if (!files.empty() && mode != "mixed")
    return invalid_body("mode " + mode + " cannot be used with files");
  BOOST_OUTCOME_TRY(auto repo, open_repository(ex, path));
  BOOST_OUTCOME_TRY(auto to, find_commit(repo, target));
  if (files.empty()) {
    BOOST_OUTCOME_TRYV(reset_by_mode(repo, to, mode));
    return done(200);
  }
  BOOST_OUTCOME_TRY(auto paths, path_list::make(repo, files));
  BOOST_OUTCOME_TRY(auto content, tree_of(to));
  BOOST_OUTCOME_TRYV(paths.check_each(repo, content));
  BOOST_OUTCOME_TRYV(unstage(repo, to, paths));
  return done(200);
}

struct wanted_restore {
  bool staged = false;
  bool worktree = false;
  std::string source; // empty: the index
};

outcome<wanted_restore> read_wanted(const fields& body) {
  wanted_restore out;
  BOOST_OUTCOME_TRY(out.staged, body.flag("staged"));
  BOOST_OUTCOME_TRY(out.worktree, body.flag("worktree"));
  BOOST_OUTCOME_TRY(out.source, body.text("source"));
  if (!out.staged)
    out.worktree = true;
  if (out.staged && out.source.empty())
    out.source = "HEAD";
  return out;
}

outcome<void> restore_files(git_repository* repo, const commit& from,
                            path_list& paths, bool staged) {
  git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
  options.checkout_strategy = GIT_CHECKOUT_FORCE;
  if (!staged)
    options.checkout_strategy |= GIT_CHECKOUT_DONT_UPDATE_INDEX;
  options.paths = paths.all();
  int code = from.get() != nullptr
                 ? git_checkout_tree(repo, as_object(from), &options)
                 : git_checkout_index(repo, nullptr, &options);
  BOOST_OUTCOME_TRYV(checked(code));
  return boost::outcome_v2::success();
}

outcome<response> restore_paths(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(auto files, body.required_list("files"));
  BOOST_OUTCOME_TRY(auto wanted, read_wanted(body));
  BOOST_OUTCOME_TRY(auto repo, open_repository(ex, path));
  commit from;
  if (!wanted.source.empty()) {
    BOOST_OUTCOME_TRY(from, find_commit(repo, wanted.source));
  }
  BOOST_OUTCOME_TRY(auto paths, path_list::make(repo, files));
  BOOST_OUTCOME_TRY(auto content, tree_of(from));
  BOOST_OUTCOME_TRYV(paths.check_each(repo, content));
  if (wanted.staged) {
    BOOST_OUTCOME_TRYV(unstage(repo, from, paths));
  }
  if (wanted.worktree) {
    BOOST_OUTCOME_TRYV(restore_files(repo, from, paths, wanted.staged));
  }
  return done(200);
}

} // namespace

void reset(exchange& ex) {
  serve(ex, reset_repository);
}

void restore(exchange& ex) {
  serve(ex, restore_paths);
}

} // namespace varve::toolbox::git
