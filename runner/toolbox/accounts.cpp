#include "runner/toolbox/accounts.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace varve::toolbox {

namespace {

constexpr std::size_t account_file_limit = 4 << 20;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    auto end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return out;
    text.remove_prefix(end + 1);
  }
}

const user_entry* find_user(const std::vector<user_entry>& users,
                            std::string_view wanted) {
  for (const auto& user : users)
    if (user.name == wanted)
      return &user;
  unsigned id = 0;
  if (parse_id(wanted, id))
    for (const auto& user : users)
      if (user.uid == id)
        return &user;
  return nullptr;
}

bool find_group_id(const std::vector<group_entry>& groups,
                   std::string_view wanted, gid_t& out) {
  for (const auto& group : groups)
    if (group.name == wanted) {
      out = group.gid;
      return true;
    }
  unsigned id = 0;
  if (!parse_id(wanted, id))
    return false;
  out = id;
  return true;
}

void fill_from(const user_entry& user, identity& out) {
  out.name = user.name;
  out.uid = user.uid;
  out.gid = user.gid;
  out.home = user.home;
  out.shell = user.shell;
}

void become_root(const std::vector<user_entry>& users, identity& out) {
  out.name = "root";
  if (const auto* root = find_user(users, "0"))
    fill_from(*root, out);
}

void add_groups(const std::vector<group_entry>& groups, identity& out) {
  out.groups = {out.gid};
  for (const auto& group : groups)
    if (std::find(group.members.begin(), group.members.end(), out.name)
            != group.members.end()
        && group.gid != out.gid)
      out.groups.push_back(group.gid);
  // The kernel's NGROUPS_MAX.
  if (out.groups.size() > 65536)
    out.groups.resize(65536);
}

} // namespace

bool parse_id(std::string_view text, unsigned& out) {
  auto end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, out);
  // -1 means "leave unchanged" to chown and setresuid.
  return ec == std::errc{} && rest == end && !text.empty()
         && out != static_cast<unsigned>(-1);
}

std::vector<user_entry> parse_passwd(std::string_view text) {
  std::vector<user_entry> out;
  for (auto line : split(text, '\n')) {
    auto fields = split(line, ':');
    user_entry user;
    if (fields.size() != 7 || fields[0].empty()
        || !parse_id(fields[2], user.uid) || !parse_id(fields[3], user.gid))
      continue;
    user.name = fields[0];
    user.home = fields[5];
    user.shell = fields[6];
    out.push_back(std::move(user));
  }
  return out;
}

std::vector<group_entry> parse_group(std::string_view text) {
  std::vector<group_entry> out;
  for (auto line : split(text, '\n')) {
    auto fields = split(line, ':');
    group_entry group;
    if (fields.size() != 4 || fields[0].empty()
        || !parse_id(fields[2], group.gid))
      continue;
    group.name = fields[0];
    for (auto member : split(fields[3], ','))
      if (!member.empty())
        group.members.emplace_back(member);
    out.push_back(std::move(group));
  }
  return out;
}

identity find_identity(std::string_view wanted,
                       const std::vector<user_entry>& users,
                       const std::vector<group_entry>& groups) {
  identity out;
  auto colon = wanted.find(':');
  auto user_part = wanted.substr(0, colon);
  unsigned id = 0;
  if (user_part.empty()) {
    become_root(users, out);
  } else if (const auto* user = find_user(users, user_part)) {
    fill_from(*user, out);
  } else if (parse_id(user_part, id)) {
    // As with container runtimes a bare number needs no entry.
    out.name = std::string{user_part};
    out.uid = id;
  } else {
    become_root(users, out);
    out.note = "user '" + std::string{user_part}
               + "' is not in the image; uid 0 is used";
  }
  if (colon != std::string_view::npos && out.note.empty()
      && !find_group_id(groups, wanted.substr(colon + 1), out.gid))
    out.note = "group '" + std::string{wanted.substr(colon + 1)}
               + "' is not in the image; the user's own is used";
  add_groups(groups, out);
  if (out.home.empty() || out.home.front() != '/')
    out.home = "/";
  return out;
}

result<std::string> read_small_file(const char* path, std::size_t limit) {
  int fd = ::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return varve::failure(errc::io,
                          std::string{path} + ": " + ::strerror(errno));
  struct stat st {};
  std::string out;
  bool regular = ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
  ssize_t n = 0;
  char buffer[16384];
  while (regular && out.size() <= limit
         && (n = ::read(fd, buffer, sizeof buffer)) > 0)
    out.append(buffer, static_cast<std::size_t>(n));
  ::close(fd);
  if (!regular || n < 0)
    return varve::failure(errc::io, std::string{path} + ": not readable");
  if (out.size() > limit)
    return varve::failure(errc::too_large, std::string{path} + ": too large");
  return out;
}

std::vector<user_entry> image_users() {
  auto text = read_small_file("/etc/passwd", account_file_limit);
  return text ? parse_passwd(text.value()) : std::vector<user_entry>{};
}

std::vector<group_entry> image_groups() {
  auto text = read_small_file("/etc/group", account_file_limit);
  return text ? parse_group(text.value()) : std::vector<group_entry>{};
}

} // namespace varve::toolbox
