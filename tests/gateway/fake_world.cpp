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
  projections::organization_view organization;
  organization.id = home;
  organizations_.push_back(organization);
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

} // namespace varve::test
