#include "actors/sandbox/timing.hpp"

#include <algorithm>

namespace varve::sandbox {

namespace {

constexpr timestamp minute = 60'000;

timestamp in_minutes(std::int32_t count) noexcept {
  return static_cast<timestamp>(std::max(count, 0)) * minute;
}

} // namespace

timestamp earlier(timestamp a, timestamp b) noexcept {
  if (a == 0 || b == 0)
    return std::max(a, b);
  return std::min(a, b);
}

timestamp end_of_life(std::uint32_t minutes, timestamp now) noexcept {
  return minutes == 0 ? 0 : now + minutes * minute;
}

timestamp idle_time(const timers& t) noexcept {
  return in_minutes(t.auto_stop > 0 ? t.auto_stop : t.auto_pause);
}

bool is_archived_first(const timers& t) noexcept {
  return t.auto_archive > 0
         && (t.auto_delete < 0 || t.auto_archive < t.auto_delete);
}

timestamp since_of(const state& s) noexcept {
  if (s.at == status::started)
    return s.used_at;
  return s.at == status::archived ? s.stopped_at : s.changed_at;
}

timestamp deadline_in(status at, const timers& t, timestamp destroy_at,
                      timestamp since, std::uint32_t attempt) noexcept {
  // What is being destroyed has no life to end.
  if (at == status::destroying || at == status::destroyed)
    destroy_at = 0;
  timestamp own = 0;
  if (auto patience = patience_of(at, attempt); patience != 0)
    own = since + patience;
  else if (at == status::started && idle_time(t) != 0)
    own = since + idle_time(t);
  else if (at == status::stopped && is_archived_first(t))
    own = since + in_minutes(t.auto_archive);
  else if ((at == status::stopped || at == status::archived)
           && t.auto_delete >= 0)
    own = since + in_minutes(t.auto_delete);
  return earlier(own, destroy_at);
}

} // namespace varve::sandbox
