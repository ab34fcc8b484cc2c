// A store of objects in front of the repository's own, with the commits of a
// shallow clone's boundary as if they had no parents: the library walks into
// parents, and fails where they are missing.
#include <cstring>
#include <map>
#include <memory>

#include <git2/sys/odb_backend.h>

#include "runner/toolbox/git/failure.hpp"
#include "runner/toolbox/git/handle.hpp"
#include "runner/toolbox/git/shallow.hpp"

namespace varve::toolbox::git {

namespace {

constexpr int before_all = 100; // the library's own have 1 and 2

struct store {
  git_odb_backend base; // first: the library knows only this part
  std::map<std::string, std::string> commits; // id as bytes, content
};

const std::string* find(git_odb_backend* base, const git_oid* id) {
  const auto& all = reinterpret_cast<store*>(base)->commits;
  auto at = all.find({reinterpret_cast<const char*>(id->id), GIT_OID_RAWSZ});
  return at == all.end() ? nullptr : &at->second;
}

int read(void** out, std::size_t* size, git_object_t* kind,
         git_odb_backend* base, const git_oid* id) {
  const auto* content = find(base, id);
  if (content == nullptr)
    return GIT_ENOTFOUND;
  *out = git_odb_backend_data_alloc(base, content->size() + 1);
  if (*out == nullptr)
    return -1;
  std::memcpy(*out, content->c_str(), content->size() + 1);
  *size = content->size();
  *kind = GIT_OBJECT_COMMIT;
  return 0;
}

int read_header(std::size_t* size, git_object_t* kind, git_odb_backend* base,
                const git_oid* id) {
  const auto* content = find(base, id);
  if (content == nullptr)
    return GIT_ENOTFOUND;
  *size = content->size();
  *kind = GIT_OBJECT_COMMIT;
  return 0;
}

int exists(git_odb_backend* base, const git_oid* id) {
  return find(base, id) != nullptr ? 1 : 0;
}

void free_store(git_odb_backend* base) {
  delete reinterpret_cast<store*>(base);
}

// "tree ..\nparent ..\nparent ..\nauthor ..": without the parents.
std::string without_parents(std::string_view commit) {
  std::string out;
  auto author = commit.find("\nauthor ");
  auto parent = commit.find("\nparent ");
  if (parent == std::string_view::npos || author == std::string_view::npos
      || parent > author)
    return std::string{commit};
  out += commit.substr(0, parent);
  return out += commit.substr(author);
}

outcome<void> fill(store& out, git_repository* repo, const boundary& b) {
  // Read through a store of its own: the repository's caches what it reads.
  object_store own;
  auto folder = std::string{git_repository_commondir(repo)} + "objects";
  BOOST_OUTCOME_TRYV(checked(git_odb_open(own.put(), folder.c_str())));
  for (const auto& text : b) {
    git_oid id;
    stored_object found;
    if (git_oid_fromstr(&id, text.c_str()) < 0
        || git_odb_read(found.put(), own, &id) < 0
        || git_odb_object_type(found) != GIT_OBJECT_COMMIT)
      continue;
    out.commits.emplace(
        std::string{reinterpret_cast<const char*>(id.id), GIT_OID_RAWSZ},
        without_parents({static_cast<const char*>(git_odb_object_data(found)),
                         git_odb_object_size(found)}));
  }
  return boost::outcome_v2::success();
}

} // namespace

outcome<void> end_history_at_boundary(git_repository* repo) {
  BOOST_OUTCOME_TRY(auto b, read_boundary(repo));
  if (b.empty())
    return boost::outcome_v2::success();
  auto made = std::make_unique<store>();
  BOOST_OUTCOME_TRYV(
      checked(git_odb_init_backend(&made->base, GIT_ODB_BACKEND_VERSION)));
  made->base.read = read;
  made->base.read_header = read_header;
  made->base.exists = exists;
  made->base.free = free_store;
  BOOST_OUTCOME_TRYV(fill(*made, repo, b));
  // Their content no longer hashes to their names.
  git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  object_store objects;
  BOOST_OUTCOME_TRYV(checked(git_repository_odb(objects.put(), repo)));
  BOOST_OUTCOME_TRYV(
      checked(git_odb_add_backend(objects, &made->base, before_all)));
  made.release();
  return boost::outcome_v2::success();
}

} // namespace varve::toolbox::git
