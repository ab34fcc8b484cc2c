#include "projections/read_models.hpp"

#include "projections/sandbox_list.hpp"

namespace varve::projections {

namespace {

// More held requests than a node has connections.
constexpr std::size_t max_waiters = 16'384;

bool is_settled(const std::optional<sandbox_view>& view) noexcept {
  return !view || !is_transitional(view->state);
}

} // namespace

read_models::read_models(std::shared_ptr<generation> serving)
    : serving_{std::move(serving)}, waiting_{max_waiters} {
  // nop
}

std::shared_ptr<generation> read_models::serving() const {
  std::lock_guard lock{mutex_};
  return serving_;
}

void read_models::serve(std::shared_ptr<generation> next) {
  std::lock_guard no_change{watching_};
  std::unique_lock lock{mutex_};
  serving_.swap(next);
  serving_->sandboxes().keep_changes(heard_ != nullptr);
  lock.unlock();
  next->retire();
}

void read_models::committed() {
  auto now = serving();
  waiting_room::places next{};
  for (std::uint16_t p = 0; p < next.size(); ++p)
    next[p] = now->applied(p);
  waiting_.reached(next);
  tell_changes(*now);
  if (!waiting_.has_sandbox_waiters())
    return;
  if (now->sandboxes().has_stopped())
    return waiting_.settled_all();
  for (const auto& id : now->sandboxes().settled())
    waiting_.settled(id);
}

void read_models::tell_changes(generation& now) {
  auto changes = now.sandboxes().take_changes();
  if (changes.empty())
    return;
  std::lock_guard lock{watching_};
  if (heard_)
    heard_(changes);
}

void read_models::watch_changes(change_listener heard) {
  std::lock_guard lock{watching_};
  heard_ = std::move(heard);
  serving()->sandboxes().keep_changes(heard_ != nullptr);
}

void read_models::close() {
  waiting_.close();
}

result<std::optional<sandbox_view>>
read_models::sandbox(std::string_view organization_id,
                     std::string_view id_or_name) {
  auto now = serving();
  VARVE_CHECK(now->sandboxes().check());
  VARVE_TRY(auto by_id, now->sandboxes().by_id(organization_id, id_or_name));
  if (by_id)
    return by_id;
  return now->sandboxes().by_name(organization_id, id_or_name);
}

result<std::optional<sandbox_view>>
read_models::sandbox_anywhere(std::string_view id) {
  auto now = serving();
  VARVE_CHECK(now->sandboxes().check());
  return now->sandboxes().find(id);
}

result<std::optional<sandbox_view>>
read_models::sandbox_by_id(std::string_view org, std::string_view id) {
  auto now = serving();
  VARVE_CHECK(now->sandboxes().check());
  return now->sandboxes().by_id(org, id);
}

result<sandbox_page> read_models::sandboxes(std::string_view organization_id,
                                            const sandbox_filter& filter,
                                            std::string_view cursor,
                                            std::size_t limit) {
  auto now = serving();
  VARVE_CHECK(now->sandboxes().check());
  return list(now->sandboxes(), organization_id, filter, cursor, limit);
}

result<std::vector<sandbox_view>>
read_models::forks(std::string_view organization_id,
                   std::string_view sandbox_id, bool with_destroyed,
                   std::size_t limit) {
  auto now = serving();
  VARVE_CHECK(now->sandboxes().check());
  return now->sandboxes().forks(organization_id, sandbox_id, with_destroyed,
                                limit);
}

result<std::vector<sandbox_view>>
read_models::sandboxes_on(std::string_view runner_id) {
  auto now = serving();
  VARVE_CHECK(now->sandboxes().check());
  return now->sandboxes().on_runner(runner_id);
}

result<std::optional<snapshot_view>>
read_models::snapshot(std::string_view organization_id,
                      std::string_view id_or_name) {
  auto now = serving();
  VARVE_CHECK(now->snapshots().check());
  return now->snapshots().find(organization_id, id_or_name);
}

result<std::vector<snapshot_view>>
read_models::snapshots(std::string_view organization_id) {
  auto now = serving();
  VARVE_CHECK(now->snapshots().check());
  return now->snapshots().all(organization_id);
}

result<std::optional<api_key_view>>
read_models::api_key(const log::digest& hash) {
  auto now = serving();
  VARVE_CHECK(now->api_keys().check());
  return now->api_keys().find(hash);
}

result<std::vector<api_key_view>>
read_models::api_keys(std::string_view organization_id) {
  auto now = serving();
  VARVE_CHECK(now->api_keys().check());
  return now->api_keys().all(organization_id);
}

result<std::vector<registry_view>>
read_models::registries(std::string_view organization_id) {
  auto now = serving();
  VARVE_CHECK(now->registries().check());
  return now->registries().all(organization_id);
}

result<std::optional<organization_view>>
read_models::organization(std::string_view id) {
  auto now = serving();
  VARVE_CHECK(now->organizations().check());
  return now->organizations().find(id);
}

result<std::vector<warm_pool_view>>
read_models::warm_pools(std::string_view organization_id) {
  auto now = serving();
  VARVE_CHECK(now->warm_pools().check());
  return now->warm_pools().all(organization_id);
}

result<std::vector<organization_view>> read_models::organizations() {
  auto now = serving();
  VARVE_CHECK(now->organizations().check());
  return now->organizations().all();
}

result<std::vector<runner_view>> read_models::runners() {
  auto now = serving();
  VARVE_CHECK(now->runners().check());
  return now->runners().all();
}

std::uint64_t read_models::applied(std::uint16_t partition) {
  return partition < log::partition_count ? serving()->applied(partition) : 0;
}

void read_models::when_applied(log::position at,
                               std::chrono::milliseconds patience,
                               std::function<void(bool)> done) {
  if (applied(at.partition) > at.index)
    return done(true);
  if (at.partition >= log::partition_count)
    return done(false);
  auto tell = [done](waiting_room::news what) {
    done(what == waiting_room::news::met);
  };
  if (!waiting_.wait_for_position(at, patience, std::move(tell)))
    return done(false);
  // It may have come in between.
  waiting_.reached(at.partition, applied(at.partition));
}

void read_models::when_settled(
    std::string_view organization_id, std::string_view sandbox_id,
    std::chrono::milliseconds patience,
    std::function<void(result<std::optional<sandbox_view>>)> done) {
  auto now = sandbox_by_id(organization_id, sandbox_id);
  if (!now || is_settled(now.value()))
    return done(std::move(now));
  std::string org{organization_id};
  std::string id{sandbox_id};
  auto tell = [this, done, org, id](waiting_room::news what) {
    if (what == waiting_room::news::closing)
      return done(failure(errc::shutting_down, "the node is stopping"));
    done(sandbox_by_id(org, id));
  };
  if (!waiting_.wait_for_sandbox(id, patience, std::move(tell)))
    return done(failure(errc::too_busy, "too many requests are being held"));
  // It may have settled in between.
  now = sandbox_by_id(org, id);
  if (!now || is_settled(now.value()))
    waiting_.settled(id);
}

} // namespace varve::projections
