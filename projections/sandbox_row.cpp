#include "projections/sandbox_row.hpp"

#include <array>

#include "projections/key.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

constexpr std::array number_sorts{sandbox_sort::last_activity,
                                  sandbox_sort::cpu, sandbox_sort::memory,
                                  sandbox_sort::disk, sandbox_sort::created};

char table_of(sandbox_sort sort) noexcept {
  switch (sort) {
  case sandbox_sort::last_activity:
    return 'u';
  case sandbox_sort::name:
    return 'n';
  case sandbox_sort::cpu:
    return 'p';
  case sandbox_sort::memory:
    return 'm';
  case sandbox_sort::disk:
    return 'd';
  case sandbox_sort::created:
    return 'c';
  }
  return 'u';
}

std::string order_key(sandbox_sort sort, const sandbox_view& view) {
  key out{table_of(sort)};
  out.text(view.organization_id);
  if (sort == sandbox_sort::name)
    out.text(view.name);
  else
    out.number(sort_number(sort, view));
  return out.rest(view.id).take();
}

bool is_listed(const sandbox_view& v) noexcept {
  return v.version > 0 && v.state != sandbox_state::destroyed;
}

std::string_view hold_of(const sandbox_view& v) noexcept {
  return v.desired_state == "destroyed" ? name_freed : name_held;
}

std::string runner_key(const sandbox_view& v) {
  return sandboxes_by_runner(v.runner_id) + v.id;
}

// Null = not listed.
void add_name_changes(const sandbox_view* was, const sandbox_view* now,
                      std::vector<row_change>& to) {
  bool moved = !was || !now || was->name != now->name;
  if (was && moved)
    to.push_back({order_key(sandbox_sort::name, *was), std::nullopt});
  if (now && (moved || hold_of(*was) != hold_of(*now)))
    to.push_back(
        {order_key(sandbox_sort::name, *now), std::string{hold_of(*now)}});
}

using label_map = std::map<std::string, std::string>;

void add_label_changes(const sandbox_view& v, const label_map& was,
                       const label_map& now, std::vector<row_change>& to) {
  auto missing = [](const label_map& in, const label_map::value_type& label) {
    auto i = in.find(label.first);
    return i == in.end() || i->second != label.second;
  };
  auto key_of = [&v](const label_map::value_type& label) {
    return sandboxes_by_label(v.organization_id, label.first, label.second)
           + v.id;
  };
  for (const auto& label : was)
    if (missing(now, label))
      to.push_back({key_of(label), std::nullopt});
  for (const auto& label : now)
    if (missing(was, label))
      to.push_back({key_of(label), ""});
}

} // namespace

std::string encode(const sandbox_view& v) {
  row_writer out;
  out.text(v.organization_id)
      .text(v.name)
      .text(v.snapshot_id)
      .text(v.snapshot_name)
      .text(v.user)
      .bytes(v.env_sealed)
      .pairs(v.labels)
      .flag(v.is_public)
      .text(v.region)
      .resources(v.resources)
      .whole(v.auto_stop)
      .whole(v.auto_archive)
      .whole(v.auto_delete)
      .text(v.runner_id)
      .number(static_cast<std::uint64_t>(v.state))
      .text(v.desired_state)
      .text(v.error_reason)
      .flag(v.recoverable)
      .number(static_cast<std::uint64_t>(v.cause))
      .text(v.toolbox_version)
      .number(v.start_version)
      .number(v.signing_key_version)
      .number(v.created_at)
      .number(v.updated_at)
      .number(v.version)
      .number(v.at.partition)
      .number(v.at.index)
      .whole(v.auto_pause)
      .number(v.destroy_at)
      .flag(v.network_block_all)
      .text(v.network_allow_list)
      .text(v.adjust_reason)
      .text(v.image_ref)
      .text(v.forked_from)
      .flag(v.may_be_archived)
      .flag(v.is_built);
  return out.take();
}

result<sandbox_view> decode_sandbox(std::string_view id,
                                    std::string_view bytes) {
  row_reader in{bytes};
  sandbox_view v;
  v.id = id;
  v.organization_id = in.text();
  v.name = in.text();
  v.snapshot_id = in.text();
  v.snapshot_name = in.text();
  v.user = in.text();
  v.env_sealed = in.bytes();
  v.labels = in.pairs();
  v.is_public = in.flag();
  v.region = in.text();
  v.resources = in.resources();
  v.auto_stop = static_cast<std::int32_t>(in.whole());
  v.auto_archive = static_cast<std::int32_t>(in.whole());
  v.auto_delete = static_cast<std::int32_t>(in.whole());
  v.runner_id = in.text();
  v.state = in.as<sandbox_state>();
  v.desired_state = in.text();
  v.error_reason = in.text();
  v.recoverable = in.flag();
  v.cause = in.as<schema::Cause>();
  v.toolbox_version = in.text();
  v.start_version = in.number();
  v.signing_key_version = in.number();
  v.created_at = in.number();
  v.updated_at = in.number();
  v.version = in.number();
  v.at.partition = in.as<std::uint16_t>();
  v.at.index = in.number();
  v.auto_pause = static_cast<std::int32_t>(in.whole());
  v.destroy_at = in.number();
  v.network_block_all = in.flag();
  v.network_allow_list = in.text();
  v.adjust_reason = in.text();
  v.image_ref = in.text();
  v.forked_from = in.text();
  v.may_be_archived = in.flag();
  v.is_built = in.flag();
  VARVE_CHECK(in.finish());
  return v;
}

std::string sandbox_key(std::string_view id) {
  return key{'r'}.rest(id).take();
}

std::string sandboxes_by_name(std::string_view organization,
                              std::string_view name) {
  return key{'n'}.text(organization).text(name).take();
}

std::string sandboxes_by_label(std::string_view organization,
                               std::string_view label, std::string_view value) {
  return key{'l'}.text(organization).text(label).text(value).take();
}

std::string sandboxes_by_runner(std::string_view runner) {
  return key{'h'}.text(runner).take();
}

std::string sandboxes_by_source(std::string_view source) {
  return key{'f'}.text(source).take();
}

std::string sandbox_order(sandbox_sort sort, std::string_view organization) {
  return key{table_of(sort)}.text(organization).take();
}

std::uint64_t sort_number(sandbox_sort sort, const sandbox_view& view) {
  switch (sort) {
  case sandbox_sort::last_activity:
    return view.updated_at;
  case sandbox_sort::created:
    return view.created_at;
  case sandbox_sort::cpu:
    return view.resources.cpu_millis();
  case sandbox_sort::memory:
    return view.resources.memory_mib();
  case sandbox_sort::disk:
    return view.resources.disk_gib();
  case sandbox_sort::name:
    return 0;
  }
  return 0;
}

std::string_view id_in_order(sandbox_sort sort, std::string_view rest) {
  if (sort == sandbox_sort::name) {
    std::string name;
    return take_text(rest, name) ? rest : std::string_view{};
  }
  std::uint64_t number = 0;
  return take_number(rest, number) ? rest : std::string_view{};
}

void add_index_changes(const sandbox_view& was, const sandbox_view& now,
                       std::vector<row_change>& to) {
  bool had = is_listed(was);
  bool has = is_listed(now);
  for (auto sort : number_sorts) {
    if (had && has && sort_number(sort, was) == sort_number(sort, now))
      continue;
    if (had)
      to.push_back({order_key(sort, was), std::nullopt});
    if (has)
      to.push_back({order_key(sort, now), ""});
  }
  add_name_changes(had ? &was : nullptr, has ? &now : nullptr, to);
  if (had && (!has || was.runner_id != now.runner_id))
    to.push_back({runner_key(was), std::nullopt});
  if (has && (!had || was.runner_id != now.runner_id))
    to.push_back({runner_key(now), ""});
  if (was.version == 0 && !now.forked_from.empty())
    to.push_back({sandboxes_by_source(now.forked_from) + now.id, ""});
  static const std::map<std::string, std::string> none;
  add_label_changes(now, had ? was.labels : none, has ? now.labels : none, to);
}

} // namespace varve::projections
