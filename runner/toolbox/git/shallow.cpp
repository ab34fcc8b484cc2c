#include "runner/toolbox/git/shallow.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

#include "runner/toolbox/accounts.hpp"
#include "runner/toolbox/git/failure.hpp"

namespace varve::toolbox::git {

namespace {

constexpr std::size_t id_digits = 40;
constexpr std::size_t file_limit = 64 << 20;
constexpr std::string_view flush = "0000";

bool is_id(std::string_view text) {
  return text.size() == id_digits
         && std::all_of(text.begin(), text.end(),
                        [](unsigned char c) { return std::isxdigit(c) != 0; });
}

std::string packet(std::string_view line) {
  char size[8];
  std::snprintf(size, sizeof size, "%04zx", line.size() + flush.size());
  return size + std::string{line};
}

// The size that the first packet states, 0 for a flush; nullopt when it is
// none.
std::optional<std::size_t> packet_size(std::string_view text) {
  std::size_t out = 0;
  auto end = text.data() + flush.size();
  auto [rest, ec] = std::from_chars(text.data(), end, out, 16);
  if (ec != std::errc{} || rest != end || (out != 0 && out < flush.size()))
    return std::nullopt;
  return out;
}

// Where its first flush packet begins.
std::size_t first_flush(std::string_view request) {
  std::size_t at = 0;
  while (at + flush.size() <= request.size()) {
    auto size = packet_size(request.substr(at));
    if (!size || *size == 0)
      break;
    at += *size;
  }
  return std::min(at, request.size());
}

std::string boundary_file(git_repository* repo) {
  return std::string{git_repository_commondir(repo)} + "shallow";
}

} // namespace

boundary parse_boundary(std::string_view text) {
  boundary out;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (is_id(line))
      out.emplace(line);
  }
  return out;
}

outcome<boundary> read_boundary(git_repository* repo) {
  auto path = boundary_file(repo);
  if (::access(path.c_str(), F_OK) != 0)
    return boundary{};
  auto text = read_small_file(path.c_str(), file_limit);
  if (!text)
    return internal_failure("the file 'shallow' of the repository cannot be "
                            "read");
  return parse_boundary(text.value());
}

outcome<void> write_boundary(git_repository* repo, const boundary& b) {
  auto path = boundary_file(repo);
  if (b.empty()) {
    ::unlink(path.c_str());
    return boost::outcome_v2::success();
  }
  auto fresh = path + ".lock";
  auto* file = std::fopen(fresh.c_str(), "wxe");
  if (file == nullptr)
    return conflict("the repository is locked: " + errno_text(errno));
  bool ok = true;
  for (const auto& id : b)
    ok = ok && std::fprintf(file, "%s\n", id.c_str()) > 0;
  ok = std::fclose(file) == 0 && ok;
  if (ok && std::rename(fresh.c_str(), path.c_str()) == 0)
    return boost::outcome_v2::success();
  auto why = errno_text(errno);
  ::unlink(fresh.c_str());
  return internal_failure("the file 'shallow' cannot be written: " + why);
}

std::string with_depth(std::string_view request, const boundary& b, int depth) {
  auto at = first_flush(request);
  std::string out{request.substr(0, at)};
  for (const auto& id : b)
    out += packet("shallow " + id + "\n");
  if (depth > 0)
    out += packet("deepen " + std::to_string(depth) + "\n");
  return out += request.substr(at);
}

std::string depth_answer::take(std::string_view piece) {
  pending_ += piece;
  while (!passes_all_ && take_packet()) {
    // nop
  }
  std::string out;
  if (passes_all_)
    out.swap(pending_);
  return out;
}

// Whether there may be another.
bool depth_answer::take_packet() {
  constexpr std::string_view more = "shallow ";
  constexpr std::string_view less = "unshallow ";
  if (pending_.size() < flush.size())
    return false;
  auto size = packet_size(pending_);
  if (size && *size > pending_.size())
    return false;
  std::string_view line{pending_};
  line = line.substr(
      flush.size(), size.value_or(0) < flush.size() ? 0 : *size - flush.size());
  if (line.starts_with(more) && is_id(line.substr(more.size(), id_digits))) {
    boundary_.emplace(line.substr(more.size(), id_digits));
  } else if (line.starts_with(less)) {
    boundary_.erase(std::string{line.substr(less.size(), id_digits)});
  } else {
    passes_all_ = true;
    if (!size || *size != 0)
      return false; // an error, which the library understands
  }
  pending_.erase(0, std::max(*size, flush.size()));
  return !passes_all_;
}

} // namespace varve::toolbox::git
