// One exchange with a remote: its login, certificates, depth and limits.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "runner/toolbox/git/address.hpp"
#include "runner/toolbox/git/library.hpp"
#include "runner/toolbox/git/shallow.hpp"

namespace varve::toolbox::git {

// Stays where it is while an exchange runs.
class transfer {
 public:
  // The login is tried first, then that of the credential store.
  transfer(exchange& ex, git_repository* repo, std::optional<login> given);
  transfer(const transfer&) = delete;

  // For an address of this scheme; before anything else.
  outcome<void> open(const address& to);
  void skip_certificate() {
    skips_certificate_ = true;
  }
  outcome<void> limit_depth(int depth);

  // Connects, so that `list` knows what the remote has.
  outcome<void> connect(git_remote* to, git_direction direction);
  // The id of a reference of a connected remote; nullopt when it has none.
  outcome<std::optional<git_oid>> find(git_remote* at, const std::string& name);
  outcome<void> fetch(git_remote* from, std::vector<std::string> specs);
  outcome<void> push(git_remote* to, const std::string& spec);

 private:
  using callbacks = git_remote_callbacks;

  callbacks make_callbacks();
  git_remote_redirect_t redirects() const;
  outcome<void> finished(int code);
  std::chrono::seconds silence() const;
  int sign_in(git_credential** out, unsigned kinds);
  std::optional<login> stored_login() const;

  exchange& ex_;
  git_repository* repo_;
  config settings_;
  address to_;
  std::vector<login> logins_; // the next at the back
  bool was_refused_ = false;
  bool skips_certificate_ = false;
  shallow_fetch shallow_;
  std::vector<std::string> refused_; // what a remote said of a push

  friend struct transfer_callbacks;
};

// The address of a configured remote.
outcome<address> address_of(git_remote* of);
outcome<remote> find_remote(git_repository* repo, const std::string& name);

} // namespace varve::toolbox::git
