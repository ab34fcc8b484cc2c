// Encrypts what must not lie on the log in clear. A data key per scope (a
// sandbox, an organization), wrapped by the master key, lives beside the log;
// erasing it erases the data everywhere and leaves the chain whole.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
} // namespace rocksdb

namespace varve {

// AES-256-GCM with a fresh nonce; the scope is authenticated. Any thread.
class vault {
 public:
  // Reads the 32-byte master key from `master_key_path`, made on first use
  // (mode 0600); keeps wrapped data keys in `keys`, a column family of
  // `database` that holds nothing else. Both outlive the vault. io when the
  // key file cannot be trusted or the keys were made under another one.
  static result<std::unique_ptr<vault>>
  open(rocksdb::DB& database, rocksdb::ColumnFamilyHandle& keys,
       const std::string& master_key_path);
  virtual ~vault() = default;

  virtual result<std::vector<std::uint8_t>>
  seal(std::string_view scope, std::string_view plaintext) = 0;
  // undecipherable when the key was erased or the bytes are not of this scope.
  virtual result<std::string>
  open_sealed(std::string_view scope,
              const std::vector<std::uint8_t>& sealed) = 0;
  virtual result<void> erase(std::string_view scope) = 0;
  // HMAC-SHA-256 of text under the master key, hex: tokens that must be shown
  // again are derived, not stored.
  virtual std::string derive(std::string_view text) const = 0;
};

// A map of strings as the JSON object that is sealed, and back.
std::string env_to_json(const std::map<std::string, std::string>& env);
result<std::map<std::string, std::string>> env_from_json(std::string_view json);

} // namespace varve
