// POST /files/folder, /files/move, /files/permissions and DELETE /files.
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/files/copy.hpp"
#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/remove.hpp"

namespace varve::toolbox::files {

namespace {

// "0755", "755": nine bits; set-user-id and its like are left out.
outcome<mode_t> parse_mode(std::string_view text) {
  unsigned mode = 0;
  auto end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, mode, 8);
  if (ec != std::errc{} || rest != end || mode > 07777)
    return bad_request("mode must be octal, such as 0755");
  return static_cast<mode_t>(mode & 0777);
}

outcome<bool> parse_flag(const request& rq, std::string_view name) {
  auto text = query_value(rq, name).value_or("false");
  for (std::string_view yes : {"true", "True", "TRUE", "1", "t", "T"})
    if (text == yes)
      return true;
  for (std::string_view no : {"false", "False", "FALSE", "0", "f", "F", ""})
    if (text == no)
      return false;
  return bad_request(std::string{name} + " must be true or false");
}

outcome<void> make_folder(exchange& ex) {
  BOOST_OUTCOME_TRY(auto path, ex.required("path"));
  auto text = query_value(ex.request(), "mode").value_or("");
  BOOST_OUTCOME_TRY(auto mode, parse_mode(text.empty() ? "0755" : text));
  int error = make_directories(resolve(ex.sandbox(), path), mode);
  if (error == ENOTDIR)
    return invalid_path("not a directory: " + path);
  if (error != 0)
    return file_problem(error, path);
  return boost::outcome_v2::success();
}

bool is_root(const std::string& path) {
  struct stat one {};
  struct stat root {};
  return ::lstat(path.c_str(), &one) == 0 && ::stat("/", &root) == 0
         && one.st_dev == root.st_dev && one.st_ino == root.st_ino;
}

outcome<void> remove_path(exchange& ex) {
  BOOST_OUTCOME_TRY(auto path, ex.required("path"));
  BOOST_OUTCOME_TRY(auto recursive, parse_flag(ex.request(), "recursive"));
  auto full = resolve(ex.sandbox(), path);
  while (full.size() > 1 && full.back() == '/')
    full.pop_back();
  struct stat st {};
  if (::lstat(full.c_str(), &st) != 0)
    return file_problem(errno, path);
  if (is_root(full))
    return invalid_path("the root directory cannot be deleted");
  if (S_ISDIR(st.st_mode) && !recursive)
    return invalid_path("points to a directory, recursive=true is needed: "
                        + path);
  if (int error = remove_tree(full); error != 0)
    return file_problem(error, path);
  return boost::outcome_v2::success();
}

problem destination_exists(const std::string& path) {
  return {409, "CONFLICT", "conflict: destination already exists: " + path};
}

outcome<void> move_path(exchange& ex) {
  BOOST_OUTCOME_TRY(auto source, ex.required("source"));
  BOOST_OUTCOME_TRY(auto destination, ex.required("destination"));
  auto from = resolve(ex.sandbox(), source);
  auto to = resolve(ex.sandbox(), destination);
  struct stat st {};
  if (::lstat(from.c_str(), &st) != 0)
    return file_problem(errno, source);
  if (::lstat(to.c_str(), &st) == 0)
    return destination_exists(destination);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                  RENAME_NOREPLACE)
      == 0)
    return boost::outcome_v2::success();
  int error = errno;
  // Also a directory of an image's layer on overlayfs.
  if (error == EXDEV)
    error = move_across(from, to);
  if (error == 0)
    return boost::outcome_v2::success();
  if (error == EEXIST)
    return destination_exists(destination);
  return file_problem(error, destination);
}

template <class Entries>
bool find_id(const Entries& entries, std::string_view wanted,
             unsigned (*id_of)(const typename Entries::value_type&),
             unsigned& out) {
  for (const auto& entry : entries)
    if (entry.name == wanted) {
      out = id_of(entry);
      return true;
    }
  return parse_id(wanted, out);
}

outcome<void> set_owner(exchange& ex, const std::string& full,
                        const std::string& path) {
  auto owner = query_value(ex.request(), "owner").value_or("");
  auto group = query_value(ex.request(), "group").value_or("");
  unsigned uid = static_cast<unsigned>(-1);
  unsigned gid = static_cast<unsigned>(-1);
  if (!owner.empty()
      && !find_id(
          image_users(), owner,
          +[](const user_entry& user) -> unsigned { return user.uid; }, uid))
    return bad_request("unknown user: " + std::string{owner});
  if (!group.empty()
      && !find_id(
          image_groups(), group,
          +[](const group_entry& entry) -> unsigned { return entry.gid; }, gid))
    return bad_request("unknown group: " + std::string{group});
  if (owner.empty() && group.empty())
    return boost::outcome_v2::success();
  if (::chown(full.c_str(), uid, gid) != 0)
    return file_problem(errno, path);
  return boost::outcome_v2::success();
}

outcome<void> set_permissions(exchange& ex) {
  BOOST_OUTCOME_TRY(auto path, ex.required("path"));
  auto full = resolve(ex.sandbox(), path);
  auto text = query_value(ex.request(), "mode").value_or("");
  mode_t mode = 0;
  if (!text.empty()) {
    BOOST_OUTCOME_TRY(mode, parse_mode(text));
  }
  struct stat st {};
  if (::stat(full.c_str(), &st) != 0)
    return file_problem(errno, path);
  BOOST_OUTCOME_TRYV(set_owner(ex, full, path));
  if (!text.empty() && ::chmod(full.c_str(), mode) != 0)
    return file_problem(errno, path);
  return boost::outcome_v2::success();
}

void answer(exchange& ex, const outcome<void>& done, int status) {
  if (done)
    ex.answer(empty_response(status));
  else
    ex.answer(done.error());
}

} // namespace

void folder(exchange& ex) {
  answer(ex, make_folder(ex), 201);
}

void remove(exchange& ex) {
  answer(ex, remove_path(ex), 204);
}

void move(exchange& ex) {
  answer(ex, move_path(ex), 200);
}

void permissions(exchange& ex) {
  answer(ex, set_permissions(ex), 200);
}

} // namespace varve::toolbox::files
