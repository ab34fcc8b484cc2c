#include "gateway/proxy/open_relays.hpp"

#include <map>

#include "gateway/api/activity.hpp"
#include "gateway/api/authentication.hpp"

namespace varve::gateway {

open_relays::membership::membership(open_relays& of, entry e) : of_(of) {
  std::lock_guard lock{of_.mutex_};
  at_ = of_.entries_.insert(of_.entries_.end(), std::move(e));
}

open_relays::membership::~membership() {
  std::lock_guard lock{of_.mutex_};
  of_.entries_.erase(at_);
}

void open_relays::review(services& s) {
  std::vector<entry> now_open;
  {
    std::lock_guard lock{mutex_};
    now_open.assign(entries_.begin(), entries_.end());
  }
  std::map<log::digest, bool> is_good;
  for (const auto& e : now_open) {
    auto [known, is_new] = is_good.try_emplace(e.key_hash, true);
    // A query that fails says nothing about the key.
    if (is_new)
      if (auto valid = is_valid_key(s, e.key_hash); valid)
        known->second = valid.value();
    if (!known->second) {
      if (auto client = e.client.lock())
        client->close_from_outside();
    } else if (e.counts_as_use) {
      s.used.touch(e.sandbox_id, s.time.now());
    }
  }
}

} // namespace varve::gateway
