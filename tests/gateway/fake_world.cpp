#include "tests/gateway/fake_world.hpp"

#include <span>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "events/base/ids.hpp"

namespace varve::test {

using std::chrono::milliseconds;

// --- vault
// --------------------------------------------------------------------

result<std::vector<std::uint8_t>> fake_vault::seal(std::string_view scope,
                                                   std::string_view plaintext) {
  std::lock_guard lock{mutex_};
  scopes_.emplace(scope);
  std::string out{scope};
  out += '\0';
  out += plaintext;
  return std::vector<std::uint8_t>{out.begin(), out.end()};
}

result<std::string>
fake_vault::open_sealed(std::string_view scope,
                        const std::vector<std::uint8_t>& sealed) {
  std::lock_guard lock{mutex_};
  std::string all{sealed.begin(), sealed.end()};
  auto end = all.find('\0');
  if (all.substr(0, end) != scope || !scopes_.contains(std::string{scope}))
    return failure(errc::undecipherable, "no key for this scope");
  return all.substr(end + 1);
}

result<void> fake_vault::erase(std::string_view scope) {
  std::lock_guard lock{mutex_};
  scopes_.erase(std::string{scope});
  return ok();
}

std::string fake_vault::derive(std::string_view text) const {
  auto hash = log::sha256(std::as_bytes(std::span{text.data(), text.size()}));
  return to_hex(hash.data(), hash.size());
}

std::set<std::string> fake_vault::scopes() {
  std::lock_guard lock{mutex_};
  return scopes_;
}

// --- what a test sets up
// --------------------------------------------------------

fake_world::fake_world() {
  projections::snapshot_view base;
  base.id = "5a000000-0000-4000-8000-000000000001";
  base.name = "varve/base";
  base.aliases = {"daytonaio/sandbox"};
  base.general = true;
  base.image_ref = "dir:base";
  base.state = "active";
  base.resources = schema::Resources{1000, 1024, 3, 0};
  base.size_bytes = 1U << 30;
  base.created_at = base.updated_at = time.now();
  snapshots_.push_back(base);
  auto pending = base;
  pending.id = "5a000000-0000-4000-8000-000000000002";
  pending.name = "team/slow:1";
  pending.aliases.clear();
  pending.general = false;
  pending.organization_id = home;
  pending.state = "pending";
  snapshots_.push_back(pending);
}

fake_world::~fake_world() {
  join_toolboxes();
}

void fake_world::join_toolboxes() {
  std::vector<std::thread> all;
  {
    std::lock_guard lock{mutex_};
    all.swap(toolboxes_);
  }
  for (auto& t : all)
    t.join();
}

std::string fake_world::add_key(const std::string& owner,
                                std::vector<std::string> permissions,
                                timestamp expires_at) {
  auto clear = make_api_key();
  projections::api_key_view key;
  key.organization_id = owner;
  key.name = "key " + std::to_string(keys_.size() + 1);
  key.user_id = "someone";
  key.prefix = clear.substr(0, 3);
  key.suffix = clear.substr(clear.size() - 3);
  key.permissions = std::move(permissions);
  key.created_at = time.now();
  key.expires_at = expires_at;
  std::lock_guard lock{mutex_};
  keys_[log::sha256(std::as_bytes(std::span{clear.data(), clear.size()}))] =
      key;
  return clear;
}

void fake_world::revoke(const std::string& clear) {
  std::lock_guard lock{mutex_};
  keys_.erase(
      log::sha256(std::as_bytes(std::span{clear.data(), clear.size()})));
}

sandbox_view fake_world::add_sandbox(const std::string& owner,
                                     sandbox_state state) {
  sandbox_view v;
  v.id = uuid::v4().str();
  v.organization_id = owner;
  v.name = "made " + v.id.substr(0, 4);
  v.snapshot_name = "varve/base";
  v.user = "daytona";
  v.region = "local";
  v.resources = schema::Resources{1500, 2048, 3, 0};
  v.runner_id = "runner-1";
  v.state = state;
  v.desired_state = "started";
  v.created_at = v.updated_at = time.now();
  std::lock_guard lock{mutex_};
  sandboxes_[v.id] = v;
  return v;
}

void fake_world::set_state(const std::string& id, sandbox_state state) {
  std::lock_guard lock{mutex_};
  sandboxes_.at(id).state = state;
}

void fake_world::restart(const std::string& id) {
  std::lock_guard lock{mutex_};
  sandboxes_.at(id).start_version += 4;
}

void fake_world::set_toolbox(toolbox serve) {
  std::lock_guard lock{mutex_};
  toolbox_ = std::move(serve);
}

void fake_world::fail_next_command(errc code, std::string detail) {
  std::lock_guard lock{mutex_};
  next_failure_ = error{code, std::move(detail)};
}

std::vector<command> fake_world::commands() {
  std::lock_guard lock{mutex_};
  return commands_;
}

std::vector<command_origin> fake_world::origins() {
  std::lock_guard lock{mutex_};
  return origins_;
}

std::optional<sandbox_view> fake_world::find(const std::string& id) {
  std::lock_guard lock{mutex_};
  auto found = sandboxes_.find(id);
  return found == sandboxes_.end() ? std::nullopt
                                   : std::optional{found->second};
}

// --- control
// --------------------------------------------------------------------

void fake_world::submit(command what, command_origin origin,
                        std::function<void(result<command_reply>)> done) {
  auto answer = carry_out(what, origin);
  if (never_answers)
    return;
  calls_.after(milliseconds{0}, [done = std::move(done),
                                 answer = std::move(answer)] { done(answer); });
}

void fake_world::note_use(std::string_view sandbox_id, timestamp at) {
  std::lock_guard lock{mutex_};
  used_[std::string{sandbox_id}] = at;
}

timestamp fake_world::used(const std::string& sandbox_id) {
  std::lock_guard lock{mutex_};
  auto found = used_.find(sandbox_id);
  return found == used_.end() ? 0 : found->second;
}

// --- guest
// ----------------------------------------------------------------------

result<int> fake_world::connect_toolbox(std::string_view) {
  std::lock_guard lock{mutex_};
  if (!toolbox_)
    return failure(errc::guest_unreachable, "no toolbox");
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return failure(errc::io, "socketpair");
  toolboxes_.emplace_back([serve = toolbox_, fd = ends[1]] { serve(fd); });
  return ends[0];
}

// --- queries
// --------------------------------------------------------------------

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
  auto found = find(std::string{id});
  if (found && found->state == sandbox_state::destroyed)
    found.reset();
  return found;
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

result<std::optional<projections::organization_view>>
fake_world::organization(std::string_view id) {
  if (id != home)
    return std::optional<projections::organization_view>{};
  projections::organization_view out;
  out.id = home;
  return std::optional{out};
}

result<std::vector<projections::organization_view>>
fake_world::organizations() {
  projections::organization_view out;
  out.id = home;
  return std::vector{out};
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

} // namespace varve::test
