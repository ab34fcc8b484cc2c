#include <algorithm>

#include "projections/sandbox_list.hpp"

namespace varve::projections {

namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size()
         && std::equal(prefix.begin(), prefix.end(), text.begin(),
                       [](char a, char b) { return lower(a) == lower(b); });
}

template <class T, class U>
bool is_any_of(const std::vector<T>& wanted, const U& value) {
  return wanted.empty()
         || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// Both ends are included; `unit` is one of the limits in the value's unit.
template <class T>
bool is_within(const std::optional<T>& low, const std::optional<T>& high,
               std::uint64_t value, std::uint64_t unit = 1) {
  return (!low || value >= *low * unit) && (!high || value <= *high * unit);
}

bool has_labels(const sandbox_filter& f, const sandbox_view& v) {
  return std::all_of(f.labels.begin(), f.labels.end(), [&](const auto& want) {
    auto i = v.labels.find(want.first);
    return i != v.labels.end() && i->second == want.second;
  });
}

bool has_resources(const sandbox_filter& f, const schema::Resources& has) {
  return is_within(f.min_cpu, f.max_cpu, has.cpu_millis(), 1000)
         && is_within(f.min_memory_gib, f.max_memory_gib, has.memory_mib(),
                      1024)
         && is_within(f.min_disk_gib, f.max_disk_gib, has.disk_gib());
}

bool has_state(const sandbox_filter& f, const sandbox_view& v) {
  bool errored_deleted =
      v.state == sandbox_state::error && v.desired_state == "destroyed";
  return is_any_of(f.states, v.state)
         && (f.include_errored_deleted || !errored_deleted);
}

} // namespace

bool matches(const sandbox_filter& f, const sandbox_view& v) {
  return begins_with(v.id, f.id_prefix) && begins_with(v.name, f.name_prefix)
         && has_state(f, v) && is_any_of(f.snapshots, v.snapshot_name)
         && is_any_of(f.regions, v.region)
         && (!f.is_public || *f.is_public == v.is_public)
         && (!f.is_recoverable || *f.is_recoverable == v.recoverable)
         && is_within(f.created_after, f.created_before, v.created_at)
         && is_within(f.updated_after, f.updated_before, v.updated_at)
         && has_resources(f, v.resources) && has_labels(f, v);
}

} // namespace varve::projections
