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
      .number(v.quota.sandboxes);
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
  const auto* event = entry.event_as_OrganizationCreated();
  if (event == nullptr)
    return ok();
  organization_view v;
  v.name = event->name()->str();
  v.default_region = event->default_region()->str();
  event->quota()->UnPackTo(&v.quota);
  changes_.put(key{table}.rest(entry.aggregate_id()->str()).take(), encode(v));
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
