// What the fake world answers when it is asked.
#include <utility>

#include "events/base/ids.hpp"
#include "tests/gateway/fake_world.hpp"

namespace varve::test {

using std::chrono::milliseconds;

result<std::optional<sandbox_view>>
fake_world::sandbox(std::string_view owner, std::string_view id_or_name) {
  if (queries_fail_)
    return failure(errc::store_failed, "sandboxes stopped at record 7:41");
  std::lock_guard lock{mutex_};
  std::optional<sandbox_view> by_name;
  for (const auto& [id, v] : sandboxes_) {
    if (v.organization_id != owner)
      continue;
    if (id == id_or_name)
      return std::optional{v};
    if (v.name == id_or_name)
      by_name = v;
  }
  return by_name;
}

result<std::optional<sandbox_view>>
fake_world::sandbox_anywhere(std::string_view id) {
  if (queries_fail_)
    return failure(errc::store_failed, "the projection has stopped");
  std::lock_guard lock{mutex_};
  for (const auto* all : {&sandboxes_, &destroyed_})
    if (auto found = all->find(std::string{id}); found != all->end())
      return std::optional{found->second};
  return std::optional<sandbox_view>{};
}

result<projections::sandbox_page>
fake_world::sandboxes(std::string_view owner,
                      const projections::sandbox_filter& filter,
                      std::string_view cursor, std::size_t limit) {
  if (!cursor.empty() && !is_uuid(cursor))
    return failure(errc::invalid, "Invalid cursor");
  std::lock_guard lock{mutex_};
  projections::sandbox_page out;
  for (const auto& [id, v] : sandboxes_) {
    bool labelled = true;
    for (const auto& [key, value] : filter.labels) {
      auto found = v.labels.find(key);
      labelled = labelled && found != v.labels.end() && found->second == value;
    }
    if (v.organization_id != owner || !labelled || id <= cursor)
      continue;
    if (out.items.size() == limit) {
      out.next_cursor = out.items.back().id;
      break;
    }
    out.items.push_back(v);
  }
  return out;
}

result<std::vector<sandbox_view>> fake_world::forks(std::string_view owner,
                                                    std::string_view source,
                                                    bool with_destroyed,
                                                    std::size_t limit) {
  std::lock_guard lock{mutex_};
  std::vector<sandbox_view> out;
  for (const auto* all : {&sandboxes_, &destroyed_})
    for (const auto& [id, v] : *all)
      if (v.organization_id == owner && v.forked_from == source
          && (all == &sandboxes_ || with_destroyed) && out.size() < limit)
        out.push_back(v);
  return out;
}

result<std::vector<sandbox_view>> fake_world::sandboxes_on(std::string_view) {
  return std::vector<sandbox_view>{};
}

result<std::optional<projections::snapshot_view>>
fake_world::snapshot(std::string_view owner, std::string_view id_or_name) {
  std::lock_guard lock{mutex_};
  for (const auto& v : snapshots_) {
    if (!v.general && v.organization_id != owner)
      continue;
    bool is_alias = false;
    for (const auto& alias : v.aliases)
      is_alias =
          is_alias || id_or_name.substr(0, id_or_name.find(':')) == alias;
    if (v.id == id_or_name || v.name == id_or_name || is_alias)
      return std::optional{v};
  }
  return std::optional<projections::snapshot_view>{};
}

result<std::vector<projections::snapshot_view>>
fake_world::snapshots(std::string_view owner) {
  std::lock_guard lock{mutex_};
  std::vector<projections::snapshot_view> out;
  for (const auto& v : snapshots_)
    if (v.general || v.organization_id == owner)
      out.push_back(v);
  return out;
}

result<std::optional<projections::api_key_view>>
fake_world::api_key(const log::digest& hash) {
  std::lock_guard lock{mutex_};
  auto found = keys_.find(hash);
  if (found == keys_.end())
    return std::optional<projections::api_key_view>{};
  return std::optional{found->second};
}

result<std::vector<projections::api_key_view>>
fake_world::api_keys(std::string_view owner) {
  std::lock_guard lock{mutex_};
  std::vector<projections::api_key_view> out;
  for (const auto& [hash, key] : keys_)
    if (key.organization_id == owner)
      out.push_back(key);
  return out;
}

result<std::vector<projections::registry_view>>
fake_world::registries(std::string_view owner) {
  std::lock_guard lock{mutex_};
  std::vector<projections::registry_view> out;
  for (const auto& [id, v] : registries_)
    if (v.organization_id == owner)
      out.push_back(v);
  return out;
}

result<std::vector<projections::warm_pool_view>>
fake_world::pools(std::string_view owner) const {
  std::lock_guard lock{mutex_};
  std::vector<projections::warm_pool_view> out;
  for (const auto& [id, pool] : pools_)
    if (pool.organization_id == owner)
      out.push_back(pool);
  return out;
}

void fake_world::add_warm_pool(const std::string& owner,
                               const std::string& id) {
  std::lock_guard lock{mutex_};
  pools_[id] = {id,
                owner,
                "elsewhere",
                "a snapshot",
                "local",
                2,
                schema::Resources{1500, 2048, 3, 0},
                1,
                2};
}

result<void> fake_world::pools_changed() {
  ++pools_told;
  return ok();
}

result<std::optional<projections::organization_view>>
fake_world::organization(std::string_view id) {
  std::lock_guard lock{mutex_};
  for (const auto& one : organizations_)
    if (one.id == id)
      return std::optional{one};
  return std::optional<projections::organization_view>{};
}

result<std::vector<projections::organization_view>>
fake_world::organizations() {
  std::lock_guard lock{mutex_};
  return organizations_;
}

result<std::vector<projections::runner_view>> fake_world::runners() {
  return std::vector<projections::runner_view>{};
}

std::uint64_t fake_world::applied(std::uint16_t) {
  std::lock_guard lock{mutex_};
  return index_ + 1;
}

void fake_world::when_applied(log::position at, milliseconds patience,
                              std::function<void(bool)> done) {
  std::lock_guard lock{mutex_};
  if (!never_applies && at.index <= index_)
    calls_.after(milliseconds{0}, [done = std::move(done)] { done(true); });
  else
    calls_.after(patience, [done = std::move(done)] { done(false); });
}

void fake_world::when_settled(
    std::string_view owner, std::string_view sandbox_id, milliseconds patience,
    std::function<void(result<std::optional<sandbox_view>>)> done) {
  auto now = sandbox(owner, sandbox_id);
  bool moves =
      now && now.value() && projections::is_transitional(now.value()->state);
  calls_.after(moves ? patience : milliseconds{0},
               [this, done = std::move(done), who = std::string{owner},
                id = std::string{sandbox_id}] { done(sandbox(who, id)); });
}

void fake_world::watch_changes(projections::change_listener heard) {
  std::lock_guard lock{watching_};
  heard_ = std::move(heard);
}

void fake_world::announce(const std::optional<sandbox_state>& was,
                          const sandbox_view& now) {
  std::lock_guard lock{watching_};
  if (heard_)
    heard_({{was, now}});
}

} // namespace varve::test
