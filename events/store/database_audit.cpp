#include "events/store/database_audit.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "events/base/logging.hpp"
#include "events/chain.hpp"
#include "events/store/byte_cursor.hpp"
#include "events/store/frame_audit.hpp"
#include "events/store/keys.hpp"
#include "events/store/store_families.hpp"
#include "events/store/table_audit.hpp"

namespace varve::log {

namespace {

// Takes a write batch apart: sequence (8), count (4), then operations of a tag
// and length-prefixed strings.
class batch_reader {
 public:
  explicit batch_reader(std::string_view batch) noexcept
      : rest_(batch.substr(std::min<std::size_t>(batch.size(), 12))) {
    // nop
  }

  struct operation {
    std::uint64_t family = 0;
    std::string_view key;
    std::string_view value;
  };

  std::optional<operation> next() noexcept {
    enum : std::uint8_t { erase, put, family_erase = 4, family_put, noop = 13 };
    while (!rest_.at_end()) {
      auto tag = rest_.byte();
      if (tag == noop)
        continue;
      if (tag != erase && tag != put && tag != family_erase
          && tag != family_put)
        break;
      operation out;
      if (tag == family_erase || tag == family_put)
        out.family = rest_.varint();
      out.key = rest_.string();
      if (tag == put || tag == family_put)
        out.value = rest_.string();
      return rest_.ok() ? std::optional{out} : std::nullopt;
    }
    return std::nullopt;
  }

 private:
  byte_cursor rest_;
};

// The last record of a commit, if it holds any.
std::optional<position> last_record(std::string_view batch) {
  std::optional<position> out;
  batch_reader in{batch};
  while (auto operation = in.next())
    if (operation->family == records_family_number)
      if (auto at = keys::parse_position(operation->key))
        out = at;
  return out;
}

// The record in a damaged commit whose bytes are not what was sealed.
std::optional<position> altered_record(std::string_view batch) {
  batch_reader in{batch};
  while (auto operation = in.next()) {
    if (operation->family != records_family_number)
      continue;
    const auto* first =
        reinterpret_cast<const std::byte*>(operation->value.data());
    if (!record::parse({first, first + operation->value.size()}))
      return keys::parse_position(operation->key);
  }
  return std::nullopt;
}

std::string name_damage(const frame_damage& damage,
                        std::optional<position> last_good) {
  if (auto altered = altered_record(damage.content))
    return "at " + to_string(*altered);
  if (auto there = last_record(damage.content))
    return "in the commit of " + to_string(*there);
  if (last_good)
    return "in the commit after " + to_string(*last_good);
  return "in its first commit";
}

using taker = std::function<void(std::string_view)>;

result<std::optional<frame_damage>>
audit_file(rocksdb::Env& env, const std::string& path, const taker& take) {
  std::string bytes;
  auto status = rocksdb::ReadFileToString(&env, path, &bytes);
  if (!status.ok())
    return from_status("reading " + path, status);
  return audit_frames(bytes, take);
}

error damaged(const std::string& path, const std::string& place,
              const frame_damage& damage) {
  return error{errc::log_corrupt, path + " is damaged" + place + ": "
                                      + damage.why + " (byte "
                                      + std::to_string(damage.offset) + ")"};
}

// The tables that the MANIFEST names, once it is known to be whole.
result<manifest_fold> audit_manifest(rocksdb::Env& env,
                                     const std::string& directory) {
  std::string current;
  auto status =
      rocksdb::ReadFileToString(&env, directory + "/CURRENT", &current);
  if (!status.ok())
    return from_status("reading " + directory + "/CURRENT", status);
  while (current.ends_with('\n'))
    current.pop_back();
  if (!current.starts_with("MANIFEST-"))
    return failure(errc::log_corrupt, directory + "/CURRENT is damaged");
  auto path = directory + "/" + current;
  manifest_fold fold;
  VARVE_TRY(auto damage, audit_file(env, path, [&](std::string_view edit) {
              fold.take(edit);
            }));
  if (damage)
    return damaged(path, "", *damage);
  return fold;
}

result<void> audit_wals(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  auto status = env.GetChildren(directory, &names);
  if (!status.ok())
    return from_status("reading " + directory, status);
  // Their names are numbers of a fixed width, in the order they were written.
  std::sort(names.begin(), names.end());
  std::optional<position> last_good;
  for (const auto& name : names) {
    if (!name.ends_with(".log"))
      continue;
    auto path = directory + "/" + name;
    VARVE_TRY(auto damage, audit_file(env, path, [&](std::string_view batch) {
                if (auto at = last_record(batch))
                  last_good = at;
              }));
    if (damage)
      return damaged(path, " " + name_damage(*damage, last_good), *damage);
  }
  return ok();
}

} // namespace

result<void> audit_database(rocksdb::Env& env, const std::string& directory,
                            std::uint64_t most_bytes) {
  auto exists = env.FileExists(directory + "/CURRENT");
  if (exists.IsNotFound())
    return ok();
  VARVE_TRY(auto fold, audit_manifest(env, directory));
  VARVE_CHECK(audit_wals(env, directory));
  if (!fold.understood()) {
    log_warning("log", "this RocksDB's MANIFEST holds something unknown: its "
                       "tables are not checked before they are opened");
    return ok();
  }
  return audit_tables(env, directory, fold.tables(), most_bytes);
}

} // namespace varve::log
