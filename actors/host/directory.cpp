#include "actors/host/directory.hpp"

#include <utility>

namespace varve::host {

namespace {

class counted final : public ticket {
 public:
  explicit counted(std::shared_ptr<std::atomic<std::size_t>> in_flight)
      : in_flight_(std::move(in_flight)) {
    // nop
  }
  ~counted() override {
    --*in_flight_;
  }

 private:
  std::shared_ptr<std::atomic<std::size_t>> in_flight_;
};

class placed final : public ticket {
 public:
  explicit placed(slot_ptr where) : where_(std::move(where)) {
    ++where_->in_flight;
  }
  ~placed() override {
    --where_->in_flight;
  }

 private:
  slot_ptr where_;
};

// Counts one more in, unless that would be more than the limit.
bool take(std::atomic<std::size_t>& in_flight, std::size_t limit) noexcept {
  if (++in_flight <= limit)
    return true;
  --in_flight;
  return false;
}

result<void> too_busy() {
  return failure(errc::too_busy, "Too many commands in flight, try again");
}

} // namespace

directory::directory(flight_limits limits, spawn_function spawn)
    : limits_(limits), spawn_(std::move(spawn)),
      node_(std::make_shared<std::atomic<std::size_t>>(0)) {
  // nop
}

directory::shard& directory::shard_of(std::string_view id) {
  return shards_[std::hash<std::string_view>{}(id) % shard_count];
}

directory::counter directory::organization_counter(const std::string& id) {
  auto& s = shard_of(id);
  std::lock_guard guard{s.mutex};
  auto& found = s.organizations[id];
  if (!found)
    found = std::make_shared<std::atomic<std::size_t>>(0);
  return found;
}

result<void> directory::admit(delivery& d) {
  if (!take(*node_, limits_.node))
    return too_busy();
  d.tickets.push_back(std::make_shared<counted>(node_));
  if (d.origin.organization_id.empty())
    return ok();
  auto organization = organization_counter(d.origin.organization_id);
  if (!take(*organization, limits_.organization))
    return too_busy();
  d.tickets.push_back(std::make_shared<counted>(std::move(organization)));
  return ok();
}

slot_ptr& directory::slot_of(shard& s, const aggregate_key& key,
                             std::vector<log::record_ptr> birth) {
  auto found = s.slots.find(key.id);
  if (found != s.slots.end())
    return found->second;
  auto fresh = std::make_shared<slot>();
  fresh->key = key;
  fresh->used_tick = now();
  auto& kept = s.slots[fresh->key.id] = fresh;
  fresh->actor = spawn_(fresh, std::move(birth));
  return kept;
}

// Whatever takes a name or quota passes through its organization's actor.
std::size_t directory::limit_of(const aggregate_key& to) const noexcept {
  return to.type == schema::AggregateType::Organization ? limits_.organization
                                                        : limits_.aggregate;
}

void directory::deliver(const delivery_ptr& d) {
  auto closed = false;
  {
    auto& s = shard_of(d->to.id);
    std::lock_guard guard{s.mutex};
    closed = closed_;
    auto place = closed ? nullptr : slot_of(s, d->to, {});
    if (place && (!d->is_command() || place->in_flight < limit_of(d->to))) {
      place->used_tick = now();
      d->route.push_back(std::make_shared<placed>(place));
      caf::anon_send(place->actor, d);
      return;
    }
  }
  // Outside the lock: whoever is answered may come back at once.
  if (closed)
    d->answer(failure(errc::shutting_down, "The server is shutting down"));
  else
    d->answer(too_busy().error());
}

void directory::adopt(const aggregate_key& key, const log::record_ptr& birth) {
  auto& s = shard_of(key.id);
  std::lock_guard guard{s.mutex};
  if (closed_)
    return;
  auto found = s.slots.find(key.id);
  if (found == s.slots.end())
    slot_of(s, key, {birth});
  else
    caf::anon_send(found->second->actor, birth);
}

void directory::tell(const aggregate_key& key, const log::record_ptr& record) {
  auto& s = shard_of(key.id);
  std::lock_guard guard{s.mutex};
  auto found = s.slots.find(key.id);
  if (found != s.slots.end())
    caf::anon_send(found->second->actor, record);
}

void directory::detach(const slot_ptr& ended) {
  auto& s = shard_of(ended->key.id);
  std::lock_guard guard{s.mutex};
  auto found = s.slots.find(ended->key.id);
  if (found != s.slots.end() && found->second == ended)
    s.slots.erase(found);
  ended->actor = nullptr;
}

void directory::sweep(std::uint64_t now, std::uint64_t idle_before) {
  set_now(now);
  for (auto& s : shards_) {
    std::lock_guard guard{s.mutex};
    for (auto i = s.slots.begin(); i != s.slots.end();) {
      auto place = i->second;
      if (place->in_flight != 0) {
        caf::anon_send(place->actor, signal::overdue);
      } else if (place->used_tick < idle_before) {
        // Deliveries are counted under this lock: nothing is on its way.
        caf::anon_send(std::exchange(place->actor, nullptr), signal::end);
        i = s.slots.erase(i);
        continue;
      }
      ++i;
    }
    std::erase_if(s.organizations,
                  [](const auto& x) { return x.second.use_count() == 1; });
  }
}

void directory::close() {
  // Looked at under each shard's lock: what is spawned before it is ended
  // below, and nothing is spawned after.
  closed_ = true;
  for (auto& s : shards_) {
    std::lock_guard guard{s.mutex};
    for (auto& [id, place] : s.slots)
      caf::anon_send(std::exchange(place->actor, nullptr), signal::end);
    s.slots.clear();
  }
}

std::size_t directory::in_memory() const {
  std::size_t out = 0;
  for (const auto& s : shards_) {
    std::lock_guard guard{s.mutex};
    out += s.slots.size();
  }
  return out;
}

} // namespace varve::host
