#include "runner/images/login_file.hpp"

#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/evp.h>

#include "events/base/ids.hpp"
#include "runner/kernel/files.hpp"

namespace varve::runner {

namespace {

namespace json = boost::json;

constexpr std::string_view prefix = "login-";

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  auto n =
      ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

} // namespace

result<login_file> login_file::make(const std::string& directory,
                                    const std::vector<registry_login>& logins) {
  login_file out;
  if (logins.empty())
    return out;
  json::object auths;
  for (const auto& login : logins)
    auths[login.host] =
        json::object{{"auth", base64(login.username + ":" + login.password)}};
  VARVE_CHECK(make_directories(directory, 0700));
  out.path_ = directory + "/" + std::string{prefix} + uuid::v4().str();
  VARVE_CHECK(write_file(
      out.path_, json::serialize(json::object{{"auths", auths}}), 0600));
  return out;
}

login_file::login_file(login_file&& other) noexcept
    : path_(std::exchange(other.path_, {})) {
  // nop
}

login_file& login_file::operator=(login_file&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

login_file::~login_file() {
  if (!path_.empty()) [[maybe_unused]]
    auto gone = remove_file(path_);
}

void clear_login_files(const std::string& directory) {
  if (auto names = list_directory(directory))
    for (const auto& name : names.value())
      if (name.starts_with(prefix)) [[maybe_unused]]
        auto gone = remove_file(directory + "/" + name);
}

} // namespace varve::runner
