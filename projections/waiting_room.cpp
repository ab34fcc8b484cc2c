#include "projections/waiting_room.hpp"

#include <algorithm>

namespace varve::projections {

namespace {

template <class Map, class Key, class Ticket>
void erase_pair(Map& map, const Key& at, Ticket t) {
  auto [first, last] = map.equal_range(at);
  auto i = std::find_if(first, last,
                        [t](const auto& pair) { return pair.second == t; });
  if (i != last)
    map.erase(i);
}

} // namespace

waiting_room::waiting_room(std::size_t capacity)
    : capacity_{capacity}, timer_{[this] { run_timers(); }} {
  // nop
}

waiting_room::~waiting_room() {
  close();
  timer_.join();
}

bool waiting_room::wait_for_position(log::position at,
                                     std::chrono::milliseconds patience,
                                     callback done) {
  return admit({{}, std::move(done), {}, at}, patience);
}

bool waiting_room::wait_for_sandbox(std::string_view sandbox,
                                    std::chrono::milliseconds patience,
                                    callback done) {
  return admit({{}, std::move(done), std::string{sandbox}, {}}, patience);
}

bool waiting_room::admit(waiter w, std::chrono::milliseconds patience) {
  w.until = std::chrono::steady_clock::now() + patience;
  std::lock_guard lock{mutex_};
  if (closed_ || present_.size() >= capacity_)
    return false;
  auto t = ++last_;
  bool is_soonest = by_time_.empty() || w.until < by_time_.begin()->first;
  by_time_.emplace(w.until, t);
  if (w.sandbox.empty())
    by_index_[w.at.partition].emplace(w.at.index, t);
  else
    by_sandbox_.emplace(w.sandbox, t);
  present_.emplace(t, std::move(w));
  if (is_soonest)
    sooner_.notify_one();
  return true;
}

waiting_room::callback waiting_room::remove(ticket t) {
  auto i = present_.find(t);
  auto w = std::move(i->second);
  present_.erase(i);
  erase_pair(by_time_, w.until, t);
  if (w.sandbox.empty())
    erase_pair(by_index_[w.at.partition], w.at.index, t);
  else
    erase_pair(by_sandbox_, w.sandbox, t);
  return std::move(w.done);
}

void waiting_room::remove_reached(std::uint16_t partition, std::uint64_t next,
                                  waiters& them) {
  auto& waiting = by_index_[partition];
  while (!waiting.empty() && waiting.begin()->first < next)
    them.push_back(remove(waiting.begin()->second));
}

void waiting_room::reached(std::uint16_t partition, std::uint64_t next) {
  waiters them;
  {
    std::lock_guard lock{mutex_};
    remove_reached(partition, next, them);
  }
  call(them, news::met);
}

void waiting_room::reached(const places& next) {
  waiters them;
  {
    std::lock_guard lock{mutex_};
    for (std::uint16_t p = 0; p < next.size(); ++p)
      remove_reached(p, next[p], them);
  }
  call(them, news::met);
}

void waiting_room::settled(std::string_view sandbox) {
  waiters them;
  {
    std::lock_guard lock{mutex_};
    std::string id{sandbox};
    for (auto i = by_sandbox_.find(id); i != by_sandbox_.end();
         i = by_sandbox_.find(id))
      them.push_back(remove(i->second));
  }
  call(them, news::met);
}

void waiting_room::settled_all() {
  waiters them;
  {
    std::lock_guard lock{mutex_};
    while (!by_sandbox_.empty())
      them.push_back(remove(by_sandbox_.begin()->second));
  }
  call(them, news::met);
}

bool waiting_room::has_sandbox_waiters() {
  std::lock_guard lock{mutex_};
  return !by_sandbox_.empty();
}

void waiting_room::close() {
  waiters them;
  {
    std::lock_guard lock{mutex_};
    closed_ = true;
    while (!present_.empty())
      them.push_back(remove(present_.begin()->first));
  }
  sooner_.notify_all();
  call(them, news::closing);
}

void waiting_room::run_timers() {
  std::unique_lock lock{mutex_};
  while (!closed_) {
    if (by_time_.empty()) {
      sooner_.wait(lock);
      continue;
    }
    auto soonest = by_time_.begin()->first;
    if (std::chrono::steady_clock::now() < soonest) {
      sooner_.wait_until(lock, soonest);
      continue;
    }
    waiters them;
    while (!by_time_.empty()
           && by_time_.begin()->first <= std::chrono::steady_clock::now())
      them.push_back(remove(by_time_.begin()->second));
    lock.unlock();
    call(them, news::late);
    lock.lock();
  }
}

void waiting_room::call(waiters& them, news what) {
  for (auto& done : them)
    done(what);
}

} // namespace varve::projections
