#include "gateway/proxy/open_relays.hpp"

#include <map>

#include "gateway/api/activity.hpp"
#include "gateway/api/authentication.hpp"
#include "gateway/proxy/sandbox_access.hpp"

namespace varve::gateway {

namespace {

// A query that fails says nothing about the key or token.
bool is_good(services& s, const open_relays::entry& e) {
  if (e.token.empty() && !e.claim) {
    auto valid = is_valid_key(s, e.key_hash);
    return !valid || valid.value();
  }
  auto found = s.reads.sandbox_anywhere(e.sandbox_id);
  if (!found)
    return true;
  if (!found.value())
    return false;
  const auto& box = *found.value();
  // What was begun in time may end later.
  return e.claim
             ? judge(*e.claim, signing_key(s, box), 0) == claim_verdict::good
             : is_preview_token(s, box, e.token);
}

// Streams of the same mark are good or not alike.
std::string mark_of(const open_relays::entry& e) {
  return e.sandbox_id + e.token + (e.claim ? e.claim->signature : "");
}

} // namespace

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
  std::map<std::pair<log::digest, std::string>, bool> asked;
  for (const auto& e : now_open) {
    auto [known, is_new] = asked.try_emplace({e.key_hash, mark_of(e)}, true);
    if (is_new)
      known->second = is_good(s, e);
    if (!known->second) {
      if (auto client = e.client.lock())
        client->close_from_outside();
    } else if (e.counts_as_use) {
      s.used.touch(e.sandbox_id, s.time.now());
    }
  }
}

} // namespace varve::gateway
