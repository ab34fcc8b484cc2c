#include "events/vault.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include <openssl/crypto.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include "events/base/ids.hpp"
#include "events/secret_key.hpp"

namespace varve {

namespace {

using key_ptr = std::shared_ptr<const secret_key>;

// Rows of the family: 'd' + scope -> wrapped data key; 'c' -> a constant
// sealed under the master key, by which another master key is found out.
constexpr std::string_view check_row = "c";
constexpr std::string_view check_text = "varve master key check";
constexpr std::string_view check_context = "varve/check/1";

std::string row_of(std::string_view scope) {
  return "d" + std::string{scope};
}

std::string wrap_context(std::string_view scope) {
  return "varve/data-key/1/" + std::string{scope};
}

std::string data_context(std::string_view scope) {
  return "varve/sealed/1/" + std::string{scope};
}

std::string_view view_of(const std::vector<std::uint8_t>& bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

error store_error(const rocksdb::Status& status) {
  return {errc::store_failed, "keys: " + status.ToString()};
}

// Data keys in clear, the latest used ones; guarded by its shelf's mutex.
class key_shelf {
 public:
  std::mutex mutex;

  key_ptr find(std::string_view scope) {
    auto i = by_scope_.find(std::string{scope});
    if (i == by_scope_.end())
      return nullptr;
    order_.splice(order_.begin(), order_, i->second);
    return i->second->second;
  }

  void keep(std::string_view scope, key_ptr key) {
    forget(scope);
    order_.emplace_front(std::string{scope}, std::move(key));
    by_scope_[order_.front().first] = order_.begin();
    if (order_.size() > capacity)
      forget(std::string{order_.back().first});
  }

  void forget(std::string_view scope) {
    auto i = by_scope_.find(std::string{scope});
    if (i == by_scope_.end())
      return;
    order_.erase(i->second);
    by_scope_.erase(i);
  }

 private:
  static constexpr std::size_t capacity = 256;
  using item = std::pair<std::string, key_ptr>;

  std::list<item> order_; // latest used first
  std::unordered_map<std::string, std::list<item>::iterator> by_scope_;
};

class rocks_vault final : public vault {
 public:
  rocks_vault(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& keys) noexcept
      : db_{db}, keys_{keys} {
    // nop
  }

  ~rocks_vault() override {
    if (unscrubbed_ > 0)
      static_cast<void>(scrub());
  }

  // Reads or makes the master key; refuses one that others made keys under.
  result<void> unlock(const std::string& path) {
    std::string check;
    auto status = db_.Get({}, &keys_, check_row, &check);
    if (!status.ok() && !status.IsNotFound())
      return store_error(status);
    if (status.IsNotFound() && ::access(path.c_str(), F_OK) != 0) {
      VARVE_CHECK(make_key_file(path));
    }
    VARVE_CHECK(read_key_file(path, master_));
    if (status.ok()) {
      if (!master_.open(check_context, check))
        return failure(errc::io, "master key " + path
                                     + ": is not the one that the stored "
                                       "keys were made under");
      return ok();
    }
    VARVE_TRY(auto sealed, master_.seal(check_context, check_text));
    return put(check_row, sealed);
  }

  result<std::vector<std::uint8_t>> seal(std::string_view scope,
                                         std::string_view plaintext) override {
    VARVE_TRY(auto key, key_for_sealing(scope));
    return key->seal(data_context(scope), plaintext);
  }

  result<std::string>
  open_sealed(std::string_view scope,
              const std::vector<std::uint8_t>& sealed) override {
    VARVE_TRY(auto key, key_for_opening(scope));
    return key->open(data_context(scope), view_of(sealed));
  }

  result<void> erase(std::string_view scope) override {
    {
      auto& shelf = shelf_of(scope);
      std::lock_guard lock{shelf.mutex};
      shelf.forget(scope);
      std::string wrapped;
      auto status = db_.Get({}, &keys_, row_of(scope), &wrapped);
      if (status.IsNotFound())
        return ok();
      rocksdb::WriteOptions synced;
      synced.sync = true;
      if (status.ok())
        status = db_.Delete(synced, &keys_, row_of(scope));
      if (!status.ok())
        return store_error(status);
    }
    return scrub_soon();
  }

  std::string derive(std::string_view text) const override {
    return master_.mac(text);
  }

 private:
  static constexpr std::size_t shelf_count = 16;
  static constexpr std::size_t scrub_after = 64;
  static constexpr std::chrono::seconds scrub_pause{1};

  key_shelf& shelf_of(std::string_view scope) noexcept {
    return shelves_[std::hash<std::string_view>{}(scope) % shelf_count];
  }

  result<void> put(std::string_view row,
                   const std::vector<std::uint8_t>& value) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    auto v = view_of(value);
    auto status = db_.Put(synced, &keys_, row, {v.data(), v.size()});
    if (!status.ok())
      return store_error(status);
    return ok();
  }

  // Null when there is none. The shelf is locked.
  result<key_ptr> load(key_shelf& shelf, std::string_view scope) {
    if (auto key = shelf.find(scope))
      return key;
    std::string wrapped;
    auto status = db_.Get({}, &keys_, row_of(scope), &wrapped);
    if (status.IsNotFound())
      return key_ptr{};
    if (!status.ok())
      return store_error(status);
    VARVE_TRY(auto bytes, master_.open(wrap_context(scope), wrapped));
    auto key = std::make_shared<secret_key>();
    auto fits = bytes.size() == secret_key::size;
    if (fits)
      std::copy(bytes.begin(), bytes.end(), key->data());
    OPENSSL_cleanse(bytes.data(), bytes.size());
    if (!fits)
      return failure(errc::undecipherable, "a data key of another size");
    shelf.keep(scope, key);
    return key_ptr{std::move(key)};
  }

  result<key_ptr> key_for_sealing(std::string_view scope) {
    auto& shelf = shelf_of(scope);
    std::lock_guard lock{shelf.mutex};
    VARVE_TRY(auto known, load(shelf, scope));
    if (known)
      return known;
    auto fresh = std::make_shared<secret_key>();
    random_bytes(fresh->data(), secret_key::size);
    std::string_view clear{reinterpret_cast<const char*>(fresh->data()),
                           secret_key::size};
    VARVE_TRY(auto wrapped, master_.seal(wrap_context(scope), clear));
    VARVE_CHECK(put(row_of(scope), wrapped));
    shelf.keep(scope, fresh);
    return key_ptr{std::move(fresh)};
  }

  result<key_ptr> key_for_opening(std::string_view scope) {
    auto& shelf = shelf_of(scope);
    std::lock_guard lock{shelf.mutex};
    VARVE_TRY(auto key, load(shelf, scope));
    if (!key)
      return failure(errc::undecipherable,
                     "no key for " + std::string{scope} + "; it was erased");
    return key;
  }

  // One erasure at a time is scrubbed at once; of a burst, one in 64 pays for
  // all.
  result<void> scrub_soon() {
    std::lock_guard lock{scrub_mutex_};
    ++unscrubbed_;
    auto now = std::chrono::steady_clock::now();
    if (unscrubbed_ < scrub_after && now - scrubbed_at_ < scrub_pause)
      return ok();
    scrubbed_at_ = now;
    unscrubbed_ = 0;
    return scrub();
  }

  // Rewrites the family's files without what was deleted. Wrapped copies in
  // the write-ahead log go when RocksDB drops that file.
  result<void> scrub() {
    auto status = db_.Flush(rocksdb::FlushOptions{}, &keys_);
    rocksdb::CompactRangeOptions everything;
    everything.bottommost_level_compaction =
        rocksdb::BottommostLevelCompaction::kForce;
    if (status.ok())
      status = db_.CompactRange(everything, &keys_, nullptr, nullptr);
    if (!status.ok())
      return store_error(status);
    return ok();
  }

  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle& keys_;
  secret_key master_;
  std::array<key_shelf, shelf_count> shelves_;
  std::mutex scrub_mutex_; // the two below
  std::size_t unscrubbed_ = 0;
  std::chrono::steady_clock::time_point scrubbed_at_{};
};

} // namespace

result<std::unique_ptr<vault>> vault::open(rocksdb::DB& database,
                                           rocksdb::ColumnFamilyHandle& keys,
                                           const std::string& master_key_path) {
  auto made = std::make_unique<rocks_vault>(database, keys);
  VARVE_CHECK(made->unlock(master_key_path));
  return std::unique_ptr<vault>{std::move(made)};
}

} // namespace varve
