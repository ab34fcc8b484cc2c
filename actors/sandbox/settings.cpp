#include "actors/sandbox/settings.hpp"

#include <algorithm>

#include "actors/sandbox/one_event.hpp"

namespace varve::sandbox {

namespace {

constexpr auto as_asked = schema::Cause::Unspecified;
// Left to a sandbox that nobody knows of, in ms.
constexpr timestamp abandoned_time = 60'000;

bool runs(const state& s) noexcept {
  return s.at == status::started || s.at == status::probing;
}

// Where it is when limits or network were changed.
status after_change(const state& s) noexcept {
  return runs(s) ? status::adjusting : s.at;
}

timers merged(const timers& before, const SetTimers& c) noexcept {
  auto out = before;
  out.auto_delete = c.auto_delete.value_or(before.auto_delete);
  out.auto_archive = c.auto_archive.value_or(before.auto_archive);
  if (c.auto_stop) {
    out.auto_stop = *c.auto_stop;
    if (out.auto_stop > 0)
      out.auto_pause = 0;
  }
  if (c.auto_pause) {
    out.auto_pause = *c.auto_pause;
    if (out.auto_pause > 0)
      out.auto_stop = 0;
  }
  return out;
}

} // namespace

decision relabelled(const state& s, const ReplaceLabels& c) {
  if (std::equal(s.labels.begin(), s.labels.end(), c.labels.begin(),
                 c.labels.end(), [](const auto& a, const auto& b) {
                   return a.first == b.first && a.second == b.second;
                 }))
    return {};
  schema::SandboxLabelsReplacedT event;
  for (const auto& [key, value] : c.labels) {
    auto pair = std::make_unique<schema::PairT>();
    pair->key = key;
    pair->value = value;
    event.labels.push_back(std::move(pair));
  }
  return aside(s, std::move(event), s.deadline);
}

// Only the key that the caller saw is replaced.
decision rekeyed(const state& s, const RotateSigningKey& c) {
  if (c.replaces != s.signing_key_version)
    return {};
  return aside(s, schema::SandboxSigningKeyRotatedT{}, s.deadline);
}

decision published(const state& s, const SetPublic& c) {
  if (s.is_public == c.is_public)
    return {};
  schema::SandboxPublicSetT event;
  event.is_public = c.is_public;
  return aside(s, std::move(event), s.deadline);
}

decision timed(const state& s, const SetTimers& c,
               const decision_context& context) {
  auto times = merged(s.times, c);
  auto destroy_at =
      c.ttl_minutes ? end_of_life(*c.ttl_minutes, context.now) : s.destroy_at;
  auto abandoned = s.is_abandoned && !c.ttl_minutes;
  if (c.abandoned && !abandoned) {
    destroy_at = earlier(destroy_at, context.now + abandoned_time);
    abandoned = destroy_at != s.destroy_at;
  }
  if (times == s.times && destroy_at == s.destroy_at)
    return {};
  schema::SandboxTimersSetT event;
  event.timers = std::make_unique<schema::TimersT>();
  event.timers->auto_stop = times.auto_stop;
  event.timers->auto_pause = times.auto_pause;
  event.timers->auto_delete = times.auto_delete;
  event.timers->auto_archive = times.auto_archive;
  event.destroy_at = destroy_at;
  event.abandoned = abandoned;
  auto due = deadline_in(paced_as(s.at, s.is_fork), times, destroy_at,
                         since_of(s), s.attempt);
  return aside(s, std::move(event), due);
}

result<decision> resized(const state& s, const ResizeSandbox& c,
                         const decision_context& context) {
  auto wrong = [](const char* why) { return failure(errc::wrong_state, why); };
  const auto& is = s.has.resources;
  auto cpu = c.cpu_millis.value_or(is.cpu_millis());
  auto memory = c.memory_mib.value_or(is.memory_mib());
  auto disk = c.disk_gib.value_or(is.disk_gib());
  if (cpu == is.cpu_millis() && memory == is.memory_mib()
      && disk == is.disk_gib())
    return decision{};
  if (runs(s) && disk != is.disk_gib())
    return wrong("Disk resize can only be performed on a stopped sandbox");
  if (disk < is.disk_gib())
    return wrong("Sandbox disk size cannot be decreased");
  if (runs(s) && cpu < is.cpu_millis())
    return wrong("Sandbox must be in stopped state to decrease CPU");
  if (runs(s) && memory < is.memory_mib())
    return wrong("Sandbox must be in stopped state to decrease memory");
  schema::SandboxResizeRequestedT event;
  event.resources =
      std::make_unique<schema::Resources>(cpu, memory, disk, is.gpu());
  if (!runs(s))
    return aside(s, std::move(event), s.deadline);
  return one_event(s, std::move(event), after_change(s), context.now, as_asked);
}

decision connected(const state& s, const SetNetwork& c,
                   const decision_context& context) {
  if (c.network == s.has.network)
    return {};
  schema::SandboxNetworkRequestedT event;
  event.network = std::make_unique<schema::NetworkT>();
  event.network->block_all = c.network.block_all;
  event.network->allow_list = c.network.allow_list;
  if (!runs(s))
    return aside(s, std::move(event), s.deadline);
  return one_event(s, std::move(event), after_change(s), context.now, as_asked);
}

} // namespace varve::sandbox
