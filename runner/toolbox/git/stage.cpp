// POST /git/add and /git/commit.
#include <cstring>

#include <sys/stat.h>

#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/interruption.hpp"
#include "runner/toolbox/git/library.hpp"
#include "runner/toolbox/git/paths.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::git {

namespace {

int go_on(const char*, const char*, void*) {
  return is_interrupted() ? GIT_EUSER : 0;
}

// What is there, what is gone, and what is below a directory.
outcome<void> add_all(git_index* to, const std::string& pattern,
                      unsigned flags) {
  auto text = pattern;
  char* pointers[] = {text.data()};
  git_strarray all{pointers, 1};
  BOOST_OUTCOME_TRYV(
      checked(git_index_add_all(to, &all, flags, go_on, nullptr)));
  return boost::outcome_v2::success();
}

bool is_tracked(git_index* in, const std::string& path) {
  std::size_t at = 0;
  return git_index_find(&at, in, path.c_str()) == 0;
}

outcome<void> add_one(git_repository* repo, git_index* to,
                      const std::string& path) {
  if (path == "*")
    return add_all(to, path, GIT_INDEX_ADD_DEFAULT);
  auto full = git_repository_workdir(repo) + path;
  struct stat st {};
  bool exists = ::lstat(full.c_str(), &st) == 0;
  if (exists) {
    int ignored = 0;
    BOOST_OUTCOME_TRYV(
        checked(git_ignore_path_is_ignored(&ignored, repo, path.c_str())));
    if (ignored != 0 && !fits_index(to, path))
      return bad_request("'" + path + "' is ignored by a .gitignore file");
  }
  if (exists && !S_ISDIR(st.st_mode)) {
    BOOST_OUTCOME_TRYV(checked(git_index_add_bypath(to, path.c_str())));
    return boost::outcome_v2::success();
  }
  if (!exists && is_tracked(to, path)) {
    BOOST_OUTCOME_TRYV(checked(git_index_remove_bypath(to, path.c_str())));
    return boost::outcome_v2::success();
  }
  if (exists)
    return add_all(to, path, GIT_INDEX_ADD_DISABLE_PATHSPEC_MATCH);
  // A pattern, or a directory that is gone.
  auto before = git_index_entrycount(to);
  bool was_known = fits_index(to, path);
  BOOST_OUTCOME_TRYV(add_all(to, path, GIT_INDEX_ADD_DEFAULT));
  if (!was_known && git_index_entrycount(to) == before)
    return fits_nothing(path);
  return boost::outcome_v2::success();
}

outcome<response> add_files(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(auto files, body.required_list("files"));
  BOOST_OUTCOME_TRY(auto repo, open_repository(ex, path));
  if (git_repository_is_bare(repo) != 0)
    return bad_request("a bare repository has no working tree");
  BOOST_OUTCOME_TRY(auto paths, path_list::make(repo, files));
  index all;
  BOOST_OUTCOME_TRYV(checked(git_repository_index(all.put(), repo)));
  for (const auto& one : paths.texts()) {
    BOOST_OUTCOME_TRYV(add_one(repo, all, one));
  }
  BOOST_OUTCOME_TRYV(checked(git_index_write(all)));
  return done(200);
}

// Of the commit to be: HEAD, and what is being merged.
struct parents {
  std::vector<commit> all;
  git_repository* repo = nullptr;

  outcome<void> add(const git_oid& id) {
    BOOST_OUTCOME_TRYV(
        checked(git_commit_lookup(all.emplace_back().put(), repo, &id)));
    return boost::outcome_v2::success();
  }
  std::vector<const git_commit*> pointers() const {
    return {all.begin(), all.end()};
  }
};

int add_merged(const git_oid* id, void* payload) {
  return static_cast<parents*>(payload)->add(*id) ? 0 : -1;
}

outcome<parents> find_parents(git_repository* repo) {
  parents out;
  out.repo = repo;
  git_oid head;
  int code = git_reference_name_to_id(&head, repo, "HEAD");
  if (code == 0) {
    BOOST_OUTCOME_TRYV(out.add(head));
  } else if (code != GIT_ENOTFOUND) { // else it is the first commit
    return last_problem(code);
  }
  code = git_repository_mergehead_foreach(repo, add_merged, &out);
  if (code < 0 && code != GIT_ENOTFOUND)
    return last_problem(code);
  return out;
}

bool changes_nothing(const parents& before, const git_oid& tree) {
  if (before.all.size() > 1)
    return false;
  if (before.all.empty()) {
    git_oid empty;
    git_oid_fromstr(&empty, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    return git_oid_equal(&empty, &tree) != 0;
  }
  return git_oid_equal(git_commit_tree_id(before.all.front()), &tree) != 0;
}

struct wanted_commit {
  std::string message;
  signature author;
  bool may_be_empty = false;
};

outcome<wanted_commit> read_wanted(const fields& body) {
  wanted_commit out;
  BOOST_OUTCOME_TRY(out.message, body.required("message"));
  BOOST_OUTCOME_TRY(auto name, body.required("author"));
  BOOST_OUTCOME_TRY(auto email, body.required("email"));
  BOOST_OUTCOME_TRY(out.may_be_empty, body.flag("allow_empty"));
  if (git_signature_now(out.author.put(), name.c_str(), email.c_str()) < 0)
    return bad_request("author and email make no valid signature");
  return out;
}

outcome<git_oid> write_staged(git_repository* repo) {
  index all;
  git_oid out;
  BOOST_OUTCOME_TRYV(checked(git_repository_index(all.put(), repo)));
  if (git_index_has_conflicts(all) != 0)
    return merge_conflict("unmerged files must be resolved and added first");
  BOOST_OUTCOME_TRYV(checked(git_index_write_tree(&out, all)));
  return out;
}

outcome<git_oid> create(git_repository* repo, const wanted_commit& wanted,
                        git_tree* content, const parents& before) {
  auto from = before.pointers();
  git_oid made;
  git_error_clear();
  BOOST_OUTCOME_TRYV(checked(git_commit_create(
      &made, repo, "HEAD", wanted.author, wanted.author, nullptr,
      wanted.message.c_str(), content, from.size(), from.data())));
  // libgit2 1.5 says success where the object could not be written.
  auto why = last_problem(-1);
  commit written;
  if (git_commit_lookup(written.put(), repo, &made) < 0)
    return why;
  return made;
}

outcome<response> make_commit(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(auto wanted, read_wanted(body));
  BOOST_OUTCOME_TRY(auto repo, open_repository(ex, path));
  BOOST_OUTCOME_TRY(auto id, write_staged(repo));
  BOOST_OUTCOME_TRY(auto before, find_parents(repo));
  if (!wanted.may_be_empty && changes_nothing(before, id))
    return conflict("nothing to commit: no changes are staged");
  tree content;
  BOOST_OUTCOME_TRYV(checked(git_tree_lookup(content.put(), repo, &id)));
  BOOST_OUTCOME_TRY(auto made, create(repo, wanted, content, before));
  BOOST_OUTCOME_TRYV(checked(git_repository_state_cleanup(repo)));
  char text[GIT_OID_HEXSZ + 1];
  git_oid_tostr(text, sizeof text, &made);
  return json_response(200, "{\"hash\":" + json_string(text) + "}");
}

} // namespace

void add(exchange& ex) {
  serve(ex, add_files);
}

void commit_staged(exchange& ex) {
  serve(ex, make_commit);
}

} // namespace varve::toolbox::git
