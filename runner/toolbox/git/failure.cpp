#include "runner/toolbox/git/failure.hpp"

#include <charconv>
#include <optional>

#include <git2.h>

#include "runner/toolbox/git/address.hpp"

namespace varve::toolbox::git {

namespace {

bool contains(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

std::string joined(std::string_view first, std::string_view second) {
  std::string out{first};
  return out += second;
}

std::optional<int> http_status(std::string_view message) {
  constexpr std::string_view mark = "http status code: ";
  auto at = message.find(mark);
  if (at == std::string_view::npos)
    return std::nullopt;
  message.remove_prefix(at + mark.size());
  int out = 0;
  std::from_chars(message.data(), message.data() + message.size(), out);
  return out;
}

problem remote_problem(std::string_view message) {
  auto status = http_status(message).value_or(0);
  if (status == 401)
    return authentication_failed(message);
  if (status == 403 || contains(message, "access denied"))
    return {403, "FORBIDDEN",
            joined("forbidden: the remote denies access: ", message)};
  // What is no URL is taken for a path, where nothing is.
  if (contains(message, "unsupported URL protocol"))
    return repository_not_found("the path holds no git repository");
  if (status == 404 || status == 410 || contains(message, "not found")
      || contains(message, "not exported")
      || contains(message, "does not exist"))
    return repository_not_found(joined("at the remote: ", message));
  return transport_failed(message);
}

problem system_problem(std::string_view message) {
  if (contains(message, "failed to connect") || contains(message, "socket"))
    return transport_failed(message);
  if (contains(message, "Permission denied")
      || contains(message, "not permitted")
      || contains(message, "Read-only file system"))
    return {403, "FORBIDDEN", joined("forbidden: ", message)};
  if (contains(message, "No space left")
      || contains(message, "Disk quota exceeded"))
    return {507, "INSUFFICIENT_STORAGE", std::string{message}};
  return internal_failure(std::string{message});
}

problem not_found_problem(int category, std::string_view message) {
  if (category == GIT_ERROR_REPOSITORY)
    return repository_not_found(message);
  if (category == GIT_ERROR_REFERENCE)
    return {404, "GIT_BRANCH_NOT_FOUND", joined("not found: ", message)};
  return not_found(std::string{message});
}

problem conflict_problem(int category, std::string_view message) {
  if (category == GIT_ERROR_CHECKOUT)
    return dirty_worktree(
        joined("local changes would be overwritten: ", message));
  if (category == GIT_ERROR_MERGE)
    return merge_conflict(message);
  return conflict(std::string{message});
}

problem by_category(int category, std::string_view message) {
  switch (category) {
  case GIT_ERROR_NET:
  case GIT_ERROR_SSL:
  case GIT_ERROR_HTTP:
  case GIT_ERROR_SSH:
    return remote_problem(message);
  case GIT_ERROR_OS:
    return system_problem(message);
  case GIT_ERROR_NOMEMORY:
    return internal_failure("the sandbox is out of memory");
  case GIT_ERROR_CHECKOUT:
  case GIT_ERROR_INDEX:
    if (contains(message, "invalid path"))
      return {
          422, "UNPROCESSABLE_ENTITY",
          joined("the repository holds a path that is not allowed: ", message)};
    break;
  default:
    break;
  }
  return internal_failure(std::string{message});
}

} // namespace

problem repository_not_found(std::string_view what) {
  return {404, "GIT_REPO_NOT_FOUND", joined("repository not found: ", what)};
}

problem branch_not_found(std::string_view name) {
  return {404, "GIT_BRANCH_NOT_FOUND", joined("branch not found: ", name)};
}

problem branch_exists(std::string_view name) {
  return {409, "GIT_BRANCH_EXISTS", joined("branch already exists: ", name)};
}

problem dirty_worktree(std::string_view what) {
  return {409, "GIT_DIRTY_WORKTREE", joined("dirty worktree: ", what)};
}

problem merge_conflict(std::string_view what) {
  return {409, "GIT_MERGE_CONFLICT", joined("merge conflict: ", what)};
}

problem authentication_failed(std::string_view what) {
  return {401, "GIT_AUTH_FAILED", joined("authentication failed: ", what)};
}

problem transport_failed(std::string_view what) {
  return {502, "GIT_TRANSPORT_FAILED",
          joined("the remote cannot be reached: ", what)};
}

problem push_rejected(std::string_view what) {
  return {409, "GIT_PUSH_REJECTED", joined("push rejected: ", what)};
}

problem remote_rejected(std::string_view what) {
  return {422, "GIT_REMOTE_REJECTED", joined("rejected by the remote: ", what)};
}

problem no_commits() {
  return not_found("the repository has no commits yet");
}

problem problem_of(int code, int category, std::string_view said) {
  auto message = without_credentials(said);
  switch (code) {
  case GIT_EAUTH:
    return authentication_failed(message);
  case GIT_ECERTIFICATE:
    return transport_failed(message);
  case GIT_ENOTFOUND:
    // Of a host as well.
    if (category == GIT_ERROR_NET || category == GIT_ERROR_HTTP)
      return remote_problem(message);
    return not_found_problem(category, message);
  case GIT_EUNBORNBRANCH:
    return no_commits();
  case GIT_ENONFASTFORWARD:
    return push_rejected(message);
  case GIT_EUNMERGED:
  case GIT_EMERGECONFLICT:
    return merge_conflict(message);
  case GIT_EUNCOMMITTED:
    return dirty_worktree(message);
  case GIT_ECONFLICT:
    return conflict_problem(category, message);
  case GIT_EEXISTS:
  case GIT_ELOCKED:
  case GIT_EMODIFIED:
    return conflict(std::move(message));
  case GIT_EINVALIDSPEC:
  case GIT_EAMBIGUOUS:
  case GIT_EBAREREPO:
    return bad_request(std::move(message));
  default:
    return by_category(category, message);
  }
}

problem last_problem(int code) {
  const auto* last = git_error_last();
  if (last == nullptr || last->message == nullptr)
    return problem_of(code, GIT_ERROR_NONE,
                      "git failed with code " + std::to_string(code));
  return problem_of(code, last->klass, last->message);
}

outcome<int> checked(int code) {
  if (code < 0)
    return last_problem(code);
  return code;
}

} // namespace varve::toolbox::git
