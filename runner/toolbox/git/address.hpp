// Where a remote repository is, and who may use it: URLs, and the lines of
// git's credential store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::git {

struct login {
  std::string user;
  std::string password;
};

struct address {
  // Without the login: what may be written down.
  std::string url;
  std::string scheme; // lower case; empty for a path of this machine
  std::string host;   // with the port where one is given, lower case
  std::optional<login> given;
};

// Refuses what this toolbox cannot reach: ssh, and schemes it does not know.
outcome<address> parse_address(std::string_view text);

// Replaces the user and password of every URL in a text.
std::string without_credentials(std::string_view text);

// The first entry of git's credential store ("https://user:pass@host" lines)
// for that scheme and host.
std::optional<login> find_login(std::string_view store, const address& of);

// The store with this entry in place of an older one of the same scheme, host
// and user.
std::string with_login(std::string_view store, std::string_view scheme,
                       std::string_view host, const login& entry);

} // namespace varve::toolbox::git
