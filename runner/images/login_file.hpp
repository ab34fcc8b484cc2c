// Credentials for the programs that move images: in a file that only root can
// read, in memory, and gone with this object.
#pragma once

#include <string>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

struct registry_login {
  std::string host; // "registry.example.com:5000"
  std::string username;
  std::string password;
};

class login_file {
 public:
  // A containers-auth.json(5) in `directory`, which lies on a tmpfs.
  static result<login_file> make(const std::string& directory,
                                 const std::vector<registry_login>& logins);
  login_file() = default; // none
  login_file(login_file&& other) noexcept;
  login_file& operator=(login_file&& other) noexcept;
  ~login_file();

  // Empty: there is none.
  const std::string& path() const noexcept {
    return path_;
  }

 private:
  std::string path_;
};

// What an earlier process left.
void clear_login_files(const std::string& directory);

} // namespace varve::runner
