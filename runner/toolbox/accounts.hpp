// The image's users and groups, read from /etc/passwd and /etc/group without
// NSS: in a static binary that would load libraries of the image.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "events/base/result.hpp"

namespace varve::toolbox {

struct user_entry {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
  std::string shell;
};

struct group_entry {
  std::string name;
  gid_t gid = 0;
  std::vector<std::string> members;
};

// Malformed lines are left out.
std::vector<user_entry> parse_passwd(std::string_view text);
std::vector<group_entry> parse_group(std::string_view text);

// A whole decimal number that fits an id.
bool parse_id(std::string_view text, unsigned& out);

// Who a process or a file operation runs as.
struct identity {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups; // supplementary, with gid
  std::string home;
  std::string shell; // as the passwd file says, may be empty
  std::string note;  // why this is not the user that was asked for
};

// Finds "name", "uid", "name:group" or "uid:gid". A user the image does not
// have becomes uid 0 and a note says so; an empty name is uid 0.
identity find_identity(std::string_view wanted,
                       const std::vector<user_entry>& users,
                       const std::vector<group_entry>& groups);

// A regular file of at most `limit` bytes. Never blocks on a FIFO.
result<std::string> read_small_file(const char* path, std::size_t limit);

// Both lists of the running root file system; empty where there are none.
std::vector<user_entry> image_users();
std::vector<group_entry> image_groups();

} // namespace varve::toolbox
