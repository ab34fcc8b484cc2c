#include "projections/organization_projection.hpp"

#include "projections/key.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

constexpr char table = 'r';

std::string encode(const organization_view& v) {
  row_writer out;
  out.text(v.name)
      .text(v.default_region)
      .number(v.quota.cpu_millis)
      .number(v.quota.memory_mib)
      .number(v.quota.disk_gib)
      .number(v.quota.sandboxes)
      .number(v.quota.sandbox_cpu_millis)
      .number(v.quota.sandbox_memory_mib)
      .number(v.quota.sandbox_disk_gib);
  return out.take();
}

result<organization_view> decode(std::string_view id, std::string_view bytes) {
  row_reader in{bytes};
  organization_view v;
  v.id = id;
  v.name = in.text();
  v.default_region = in.text();
  v.quota.cpu_millis = in.number();
  v.quota.memory_mib = in.number();
  v.quota.disk_gib = in.number();
  v.quota.sandboxes = in.as<std::uint32_t>();
  v.quota.sandbox_cpu_millis = in.as<std::uint32_t>();
  v.quota.sandbox_memory_mib = in.as<std::uint32_t>();
  v.quota.sandbox_disk_gib = in.as<std::uint32_t>();
  VARVE_CHECK(in.finish());
  return v;
}

} // namespace

organization_projection::organization_projection(database base,
                                                 std::uint32_t generation)
    : projection{"organizations", base, generation, 'o'}, changes_{rows()} {
  // nop
}

result<void> organization_projection::fold(const schema::Record&,
                                           const schema::Entry& entry) {
  auto id = entry.aggregate_id()->str();
  auto row_key = key{table}.rest(id).take();
  organization_view v;
  if (const auto* founded = entry.event_as_OrganizationCreated()) {
    v.name = founded->name()->str();
    v.default_region = founded->default_region()->str();
    founded->quota()->UnPackTo(&v.quota);
  } else if (const auto* set = entry.event_as_OrganizationQuotaSet()) {
    VARVE_TRY(auto row, changes_.get(row_key));
    if (!row)
      return failure(errc::log_corrupt, "a quota of no organization");
    VARVE_TRY(v, decode(id, *row));
    set->quota()->UnPackTo(&v.quota);
  } else {
    return ok();
  }
  changes_.put(row_key, encode(v));
  return ok();
}

result<std::optional<organization_view>>
organization_projection::find(std::string_view id) const {
  VARVE_TRY(auto row, rows().get(key{table}.rest(id).take()));
  if (!row)
    return std::optional<organization_view>{};
  VARVE_TRY(auto view, decode(id, *row));
  return std::optional<organization_view>{std::move(view)};
}

result<std::vector<organization_view>> organization_projection::all() const {
  std::vector<organization_view> out;
  scan each{rows(), key{table}.take()};
  for (each.first(); each.valid(); each.next()) {
    VARVE_TRY(auto view, decode(each.rest(), each.value()));
    out.push_back(std::move(view));
  }
  VARVE_CHECK(each.finish());
  return out;
}

} // namespace varve::projections
