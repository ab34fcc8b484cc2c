// GET /git/status.
#include "runner/toolbox/git/status.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/library.hpp"
#include "runner/toolbox/git/upstream.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::git {

namespace {

const char* staged_word(unsigned flags) {
  if ((flags & GIT_STATUS_INDEX_NEW) != 0)
    return "Added";
  if ((flags & GIT_STATUS_INDEX_RENAMED) != 0)
    return "Renamed";
  if ((flags & GIT_STATUS_INDEX_DELETED) != 0)
    return "Deleted";
  if ((flags & (GIT_STATUS_INDEX_MODIFIED | GIT_STATUS_INDEX_TYPECHANGE)) != 0)
    return "Modified";
  return "Unmodified";
}

const char* worktree_word(unsigned flags) {
  if ((flags & GIT_STATUS_WT_NEW) != 0)
    return "Untracked";
  if ((flags & GIT_STATUS_WT_RENAMED) != 0)
    return "Renamed";
  if ((flags & GIT_STATUS_WT_DELETED) != 0)
    return "Deleted";
  if ((flags
       & (GIT_STATUS_WT_MODIFIED | GIT_STATUS_WT_TYPECHANGE
          | GIT_STATUS_WT_UNREADABLE))
      != 0)
    return "Modified";
  return "Unmodified";
}

void append_entry(const git_status_entry& entry, std::string& out) {
  auto words = words_of(entry.status);
  const auto* delta = entry.head_to_index != nullptr ? entry.head_to_index
                                                     : entry.index_to_workdir;
  bool renamed = (entry.status & GIT_STATUS_INDEX_RENAMED) != 0;
  // A deleted one has an old side only.
  const char* name = delta->new_file.path != nullptr ? delta->new_file.path
                                                     : delta->old_file.path;
  out += out.back() == '[' ? "" : ",";
  out += "{\"name\":" + json_string(name);
  out += ",\"extra\":" + json_string(renamed ? delta->old_file.path : "");
  out += std::string{",\"staging\":\""} + words.staging;
  out += std::string{"\",\"worktree\":\""} + words.worktree + "\"}";
}

outcome<std::string> file_list(git_repository* repo) {
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.flags =
      GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS
      | GIT_STATUS_OPT_RENAMES_HEAD_TO_INDEX | GIT_STATUS_OPT_INCLUDE_UNREADABLE
      | GIT_STATUS_OPT_UPDATE_INDEX;
  status_list all;
  BOOST_OUTCOME_TRYV(checked(git_status_list_new(all.put(), repo, &options)));
  std::string out = "[";
  auto count = git_status_list_entrycount(all);
  for (std::size_t i = 0; i < count; ++i)
    append_entry(*git_status_byindex(all, i), out);
  return out + "]";
}

// How far a branch and what the remote has of it are apart.
struct distance {
  std::size_t ahead = 0;
  std::size_t behind = 0;
};

outcome<distance> distance_between(git_repository* repo,
                                   const std::string& branch,
                                   const std::string& published) {
  git_oid mine;
  git_oid theirs;
  distance out;
  if (git_reference_name_to_id(&mine, repo, branch.c_str()) < 0
      || git_reference_name_to_id(&theirs, repo, published.c_str()) < 0)
    return out;
  BOOST_OUTCOME_TRYV(checked(
      git_graph_ahead_behind(&out.ahead, &out.behind, repo, &mine, &theirs)));
  return out;
}

outcome<response> tell_status(exchange& ex) {
  BOOST_OUTCOME_TRY(auto repo, open_queried(ex));
  if (git_repository_is_bare(repo) != 0)
    return bad_request("a bare repository has no working tree");
  BOOST_OUTCOME_TRY(auto branch, head_branch(repo));
  BOOST_OUTCOME_TRY(auto files, file_list(repo));
  BOOST_OUTCOME_TRY(auto up, upstream_of(repo, branch));
  auto published = published_branch(repo, branch, up);
  BOOST_OUTCOME_TRY(auto far, distance_between(repo, branch, published));
  std::string out = "{\"currentBranch\":";
  out += json_string(branch.empty() ? "HEAD" : short_name(branch));
  out += std::string{",\"detached\":"} + (branch.empty() ? "true" : "false");
  out += ",\"upstream\":" + json_string(up ? up->name() : "");
  out += std::string{",\"branchPublished\":"}
         + (published.empty() ? "false" : "true");
  out += ",\"ahead\":" + std::to_string(far.ahead);
  out += ",\"behind\":" + std::to_string(far.behind);
  out += ",\"fileStatus\":" + files + "}";
  return json_response(200, std::move(out));
}

} // namespace

status_words words_of(unsigned flags) {
  if ((flags & GIT_STATUS_CONFLICTED) != 0)
    return {"Updated but unmerged", "Updated but unmerged"};
  status_words out{staged_word(flags), worktree_word(flags)};
  // What git does not know of at all is untracked on both sides.
  if ((flags & GIT_STATUS_WT_NEW) != 0
      && out.staging == std::string_view{"Unmodified"})
    out.staging = "Untracked";
  return out;
}

void status(exchange& ex) {
  serve(ex, tell_status);
}

} // namespace varve::toolbox::git
