#include "projections/warm_pool_projection.hpp"

#include "projections/key.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

constexpr char table = 'p';

std::string owned_by(std::string_view organization) {
  return key{table}.text(organization).take();
}

std::string encode(const warm_pool_view& v) {
  row_writer out;
  out.text(v.snapshot_id)
      .text(v.snapshot_name)
      .text(v.region)
      .number(v.size)
      .resources(v.resources)
      .number(v.created_at)
      .number(v.updated_at);
  return out.take();
}

result<warm_pool_view> decode(std::string_view bytes) {
  row_reader in{bytes};
  warm_pool_view v;
  v.snapshot_id = in.text();
  v.snapshot_name = in.text();
  v.region = in.text();
  v.size = in.as<std::uint32_t>();
  v.resources = in.resources();
  v.created_at = in.number();
  v.updated_at = in.number();
  VARVE_CHECK(in.finish());
  return v;
}

} // namespace

warm_pool_projection::warm_pool_projection(database base,
                                           std::uint32_t generation)
    : projection{"warm pools", base, generation, 'w'}, changes_{rows()} {
  // nop
}

result<void> warm_pool_projection::fold(const schema::Record& record,
                                        const schema::Entry& entry) {
  auto owner = owned_by(entry.aggregate_id()->string_view());
  if (const auto* event = entry.event_as_WarmPoolRemoved())
    changes_.erase(owner + event->pool_id()->str());
  const auto* event = entry.event_as_WarmPoolSet();
  if (event == nullptr)
    return ok();
  auto row = owner + event->pool_id()->str();
  VARVE_TRY(auto before, changes_.get(row));
  warm_pool_view v;
  v.created_at = record.time();
  if (before) {
    VARVE_TRY(auto known, decode(*before));
    v.created_at = known.created_at;
  }
  v.snapshot_id = event->snapshot_id()->str();
  v.snapshot_name = event->snapshot_name()->str();
  v.region = event->region()->str();
  v.size = event->size();
  v.resources = *event->resources();
  v.updated_at = record.time();
  changes_.put(std::move(row), encode(v));
  return ok();
}

result<std::vector<warm_pool_view>>
warm_pool_projection::all(std::string_view organization) const {
  std::vector<warm_pool_view> out;
  scan owned{rows(), owned_by(organization)};
  for (owned.first(); owned.valid(); owned.next()) {
    VARVE_TRY(auto view, decode(owned.value()));
    view.id = owned.rest();
    view.organization_id = organization;
    out.push_back(std::move(view));
  }
  VARVE_CHECK(owned.finish());
  return out;
}

} // namespace varve::projections
