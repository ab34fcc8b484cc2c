// POST /git/clone and /git/init.
#include <cerrno>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/remove.hpp"
#include "runner/toolbox/git/branch_name.hpp"
#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/interruption.hpp"
#include "runner/toolbox/git/transfer.hpp"
#include "runner/toolbox/git/upstream.hpp"

namespace varve::toolbox::git {

namespace {

constexpr const char* origin = "origin";

struct wanted_clone {
  address from;
  std::optional<login> given;
  std::string path; // as the caller wrote it
  std::string full;
  std::string branch;
  std::string commit;
  int depth = 0;
  bool skips_certificate = false;
};

outcome<wanted_clone> read_wanted(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  wanted_clone out;
  BOOST_OUTCOME_TRY(auto url, body.required("url"));
  BOOST_OUTCOME_TRY(out.path, body.required("path"));
  BOOST_OUTCOME_TRY(out.branch, body.text("branch"));
  BOOST_OUTCOME_TRY(out.commit, body.text("commit_id"));
  BOOST_OUTCOME_TRY(out.depth, body.number("depth", 1 << 30));
  BOOST_OUTCOME_TRY(out.skips_certificate, body.flag("insecure_skip_tls"));
  BOOST_OUTCOME_TRY(out.given, body.credentials());
  BOOST_OUTCOME_TRY(out.from, parse_address(url));
  if (!out.given)
    out.given = out.from.given;
  out.full = files::resolve(ex.sandbox(), out.path);
  if (out.from.scheme.empty())
    out.from.url = files::resolve(ex.sandbox(), out.from.url);
  return out;
}

// A directory for a clone, taken back with what it holds unless it is kept.
class fresh_directory {
 public:
  explicit fresh_directory(std::string path) : path_{std::move(path)} {
    // nop
  }
  fresh_directory(const fresh_directory&) = delete;
  ~fresh_directory() {
    if (!kept_)
      take_back();
  }

  outcome<void> make(const std::string& name) {
    struct stat st {};
    existed_ = ::lstat(path_.c_str(), &st) == 0;
    if (existed_ && !is_empty()) {
      kept_ = true;
      return conflict("the path exists and is no empty directory: " + name);
    }
    if (int error = files::make_directories(path_, 0755); error != 0) {
      kept_ = existed_;
      return files::file_problem(error, name);
    }
    return boost::outcome_v2::success();
  }
  void keep() {
    kept_ = true;
  }

 private:
  bool is_empty() const {
    bool out = false;
    if (auto* folder = ::opendir(path_.c_str())) {
      out = true;
      while (const auto* entry = ::readdir(folder))
        out = out
              && (std::string_view{entry->d_name} == "."
                  || std::string_view{entry->d_name} == "..");
      ::closedir(folder);
    }
    return out;
  }
  void take_back() const {
    files::remove_tree(path_);
    if (existed_)
      ::mkdir(path_.c_str(), 0755);
  }

  std::string path_;
  bool existed_ = false;
  bool kept_ = false;
};

// What of the remote is cloned: "refs/heads/main", or a tag.
outcome<std::string> wanted_reference(transfer& link, git_remote* from,
                                      const std::string& branch) {
  if (branch.empty()) {
    text_buffer name;
    int code = git_remote_default_branch(name.put(), from);
    if (code == GIT_ENOTFOUND)
      return std::string{}; // it is empty
    BOOST_OUTCOME_TRYV(checked(code));
    return std::string{name.c_str()};
  }
  for (const char* prefix : {"refs/heads/", "refs/tags/"}) {
    BOOST_OUTCOME_TRY(auto found, link.find(from, prefix + branch));
    if (found)
      return prefix + branch;
  }
  return branch_not_found(branch + " at the remote");
}

// For one branch, as git writes it for a clone of one branch.
std::string fetch_spec(const std::string& name) {
  if (name.starts_with("refs/heads/"))
    return "+" + name + ":refs/remotes/origin/" + short_name(name);
  return "+" + name + ":" + name;
}

outcome<void> set_fetch_spec(git_repository* repo, const std::string& spec) {
  config all;
  BOOST_OUTCOME_TRYV(checked(git_repository_config(all.put(), repo)));
  BOOST_OUTCOME_TRYV(
      checked(git_config_set_string(all, "remote.origin.fetch", spec.c_str())));
  return boost::outcome_v2::success();
}

// Makes the branch and points HEAD at it, or at what the tag names.
outcome<git_oid> set_head(git_repository* repo, const std::string& name) {
  bool is_branch = name.starts_with("refs/heads/");
  auto source = is_branch ? "refs/remotes/origin/" + short_name(name) : name;
  BOOST_OUTCOME_TRY(auto id, resolve_commit(repo, source));
  if (!is_branch) {
    BOOST_OUTCOME_TRYV(checked(git_repository_set_head_detached(repo, &id)));
    return id;
  }
  reference made;
  BOOST_OUTCOME_TRYV(checked(
      git_reference_create(made.put(), repo, name.c_str(), &id, 1, "clone")));
  BOOST_OUTCOME_TRYV(set_upstream(repo, name, {origin, short_name(name)}));
  BOOST_OUTCOME_TRYV(checked(git_repository_set_head(repo, name.c_str())));
  return id;
}

outcome<git_oid> fetch_commit(transfer& link, git_repository* repo,
                              git_remote* from, const std::string& commit) {
  auto known = resolve_commit(repo, commit);
  git_oid id;
  if (known || git_oid_fromstr(&id, commit.c_str()) < 0)
    return known;
  // On none of the branches that came: a remote may give it all the same, and
  // many just hang up when they do not.
  auto got = link.fetch(from, {commit});
  if (auto why = interruption(); why && !got)
    return std::move(*why);
  return resolve_commit(repo, commit);
}

outcome<void> fill(exchange& ex, git_repository* repo,
                   const wanted_clone& wanted) {
  transfer link{ex, repo, wanted.given};
  if (wanted.skips_certificate)
    link.skip_certificate();
  BOOST_OUTCOME_TRYV(link.open(wanted.from));
  BOOST_OUTCOME_TRYV(link.limit_depth(wanted.depth));
  remote from;
  BOOST_OUTCOME_TRYV(checked(
      git_remote_create(from.put(), repo, origin, wanted.from.url.c_str())));
  BOOST_OUTCOME_TRYV(link.connect(from, GIT_DIRECTION_FETCH));
  BOOST_OUTCOME_TRY(auto name, wanted_reference(link, from, wanted.branch));
  if (name.empty()) {
    if (!wanted.commit.empty())
      return not_found("the remote has no commits");
    return boost::outcome_v2::success();
  }
  auto spec = fetch_spec(name);
  if (name.starts_with("refs/heads/")) {
    BOOST_OUTCOME_TRYV(set_fetch_spec(repo, spec));
  }
  BOOST_OUTCOME_TRYV(link.fetch(from, {spec}));
  BOOST_OUTCOME_TRY(auto id, set_head(repo, name));
  if (!wanted.commit.empty()) {
    BOOST_OUTCOME_TRY(id, fetch_commit(link, repo, from, wanted.commit));
    BOOST_OUTCOME_TRYV(checked(git_repository_set_head_detached(repo, &id)));
  }
  return write_files(repo, id);
}

outcome<response> make_clone(exchange& ex) {
  BOOST_OUTCOME_TRY(auto wanted, read_wanted(ex));
  fresh_directory folder{wanted.full};
  BOOST_OUTCOME_TRYV(folder.make(wanted.path));
  {
    repository repo;
    BOOST_OUTCOME_TRYV(
        checked(git_repository_init(repo.put(), wanted.full.c_str(), 0)));
    BOOST_OUTCOME_TRYV(fill(ex, repo, wanted));
  }
  folder.keep();
  return done(200);
}

outcome<response> make_repository(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(auto bare, body.flag("bare"));
  BOOST_OUTCOME_TRY(auto branch, body.text("initial_branch"));
  if (!branch.empty()) {
    BOOST_OUTCOME_TRYV(checked_branch_name(branch));
  }
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_MKDIR | GIT_REPOSITORY_INIT_MKPATH;
  if (bare)
    options.flags |= GIT_REPOSITORY_INIT_BARE;
  if (!branch.empty())
    options.initial_head = branch.c_str();
  auto full = files::resolve(ex.sandbox(), path);
  repository made;
  BOOST_OUTCOME_TRYV(
      checked(git_repository_init_ext(made.put(), full.c_str(), &options)));
  return done(201);
}

} // namespace

void clone(exchange& ex) {
  serve(ex, make_clone);
}

void init(exchange& ex) {
  serve(ex, make_repository);
}

} // namespace varve::toolbox::git
