#include "runner/operations/warm_pool.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace varve::runner {

namespace {

constexpr double half_life_ms = 15 * 60 * 1000;
// Used less than this is not used often enough: once, half an hour ago.
constexpr double least_score = 0.25;
constexpr timestamp failure_rest = 60'000;
constexpr std::size_t kept_demands = 256;

double faded(double score, timestamp from, timestamp to) {
  auto age = to > from ? static_cast<double>(to - from) : 0;
  return score * std::exp2(-age / half_life_ms);
}

warm_kind kind_of(const schema::SandboxSpecT& spec) {
  return {"", spec.image_ref, spec.resources ? spec.resources->disk_gib() : 0};
}

} // namespace

std::optional<waiting_sandbox>
warm_pool::take(const schema::SandboxSpecT& spec) {
  auto general = kind_of(spec);
  auto own = general;
  own.organization_id = spec.organization_id;
  std::lock_guard lock{guard_};
  for (const auto& kind : {own, general})
    for (auto it = waiting_.begin(); it != waiting_.end(); ++it)
      if (it->kind == kind) {
        auto out = std::move(*it);
        waiting_.erase(it);
        taken_.push_back(out.id);
        return out;
      }
  return std::nullopt;
}

std::vector<std::string> warm_pool::taken() {
  std::lock_guard lock{guard_};
  return std::exchange(taken_, {});
}

void warm_pool::put(waiting_sandbox one) {
  std::lock_guard lock{guard_};
  std::erase(taken_, one.id);
  waiting_.push_back(std::move(one));
}

std::optional<waiting_sandbox> warm_pool::remove(const std::string& id) {
  std::lock_guard lock{guard_};
  auto found = std::find_if(waiting_.begin(), waiting_.end(),
                            [&](const auto& one) { return one.id == id; });
  if (found == waiting_.end())
    return std::nullopt;
  auto out = std::move(*found);
  waiting_.erase(found);
  return out;
}

std::vector<waiting_sandbox> warm_pool::waiting() const {
  std::lock_guard lock{guard_};
  return waiting_;
}

std::size_t warm_pool::waiting_of(const std::string& organization_id,
                                  const std::string& image_ref) const {
  std::lock_guard lock{guard_};
  auto fits = [&](const auto& one) {
    return one.kind.organization_id == organization_id
           && one.kind.image_ref == image_ref;
  };
  return static_cast<std::size_t>(
      std::count_if(waiting_.begin(), waiting_.end(), fits));
}

void warm_pool::note_create(const schema::SandboxSpecT& spec, timestamp now) {
  if (most_ == 0)
    return;
  std::lock_guard lock{guard_};
  auto& it = demands_[kind_of(spec)];
  it.score = faded(it.score, it.at, now) + 1;
  it.at = now;
  if (spec.resources)
    it.resources = *spec.resources;
  if (demands_.size() > kept_demands)
    std::erase_if(demands_, [&](const auto& one) {
      return faded(one.second.score, one.second.at, now) < least_score;
    });
}

void warm_pool::note_failure(const warm_kind& kind, timestamp now) {
  std::lock_guard lock{guard_};
  failed_until_[kind] = now + failure_rest;
}

void warm_pool::set_wishes(std::vector<warm_wish> wishes) {
  std::lock_guard lock{guard_};
  wishes_ = std::move(wishes);
}

std::size_t warm_pool::count_locked(const warm_kind& kind) const {
  return static_cast<std::size_t>(
      std::count_if(waiting_.begin(), waiting_.end(),
                    [&](const auto& one) { return one.kind == kind; }));
}

// One create is worth two that wait; what all are worth beyond the room there
// is shrinks alike.
warm_pool::counts warm_pool::wanted_locked(timestamp now) const {
  counts out;
  auto room = most_;
  for (const auto& wish : wishes_) {
    auto count = std::min<std::size_t>(wish.count, room);
    room -= count;
    out[wish.kind] = wish;
    out[wish.kind].count = static_cast<std::uint32_t>(count);
  }
  double sum = 0;
  std::map<warm_kind, double> scores;
  for (const auto& [kind, it] : demands_)
    if (auto score = faded(it.score, it.at, now); score >= least_score)
      sum += scores[kind] = 2 * score;
  auto share = std::min(1.0, sum > 0 ? static_cast<double>(room) / sum : 0);
  for (const auto& [kind, score] : scores) {
    auto count = std::min<std::size_t>(
        static_cast<std::size_t>(std::ceil(score * share)), room);
    room -= count;
    out[kind] = {kind, demands_.at(kind).resources,
                 static_cast<std::uint32_t>(count)};
  }
  return out;
}

std::optional<warm_wish> warm_pool::lacking(timestamp now) const {
  std::lock_guard lock{guard_};
  if (waiting_.size() >= most_)
    return std::nullopt;
  for (const auto& [kind, wish] : wanted_locked(now)) {
    auto failed = failed_until_.find(kind);
    if (failed != failed_until_.end() && failed->second > now)
      continue;
    if (count_locked(kind) < wish.count)
      return wish;
  }
  return std::nullopt;
}

std::optional<waiting_sandbox> warm_pool::take_surplus(timestamp now) {
  std::lock_guard lock{guard_};
  auto wanted = wanted_locked(now);
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    auto found = wanted.find(it->kind);
    auto most = found == wanted.end() ? 0u : found->second.count;
    if (count_locked(it->kind) <= most)
      continue;
    auto out = std::move(*it);
    waiting_.erase(it);
    return out;
  }
  return std::nullopt;
}

} // namespace varve::runner
