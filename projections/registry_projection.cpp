#include "projections/registry_projection.hpp"

#include <algorithm>

#include "projections/key.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

// (organization, registry) -> the registry.
std::string owned_by(std::string_view organization) {
  return key{'r'}.text(organization).take();
}

std::vector<std::uint8_t> bytes_of(const flatbuffers::Vector<std::uint8_t>* v) {
  return v == nullptr ? std::vector<std::uint8_t>{}
                      : std::vector<std::uint8_t>{v->begin(), v->end()};
}

template <class Event>
void take(registry_view& v, const Event& event) {
  v.name = event.name()->str();
  v.url = event.url()->str();
  v.project = event.project() == nullptr ? "" : event.project()->str();
  v.username_sealed = bytes_of(event.username_sealed());
  if (auto password = bytes_of(event.password_sealed()); !password.empty())
    v.password_sealed = std::move(password);
}

std::string encode(const registry_view& v) {
  row_writer out;
  out.text(v.name)
      .text(v.url)
      .text(v.project)
      .bytes(v.username_sealed)
      .bytes(v.password_sealed)
      .number(v.created_at)
      .number(v.updated_at);
  return out.take();
}

result<registry_view> decode(std::string_view organization, std::string_view id,
                             std::string_view bytes) {
  row_reader in{bytes};
  registry_view v;
  v.id = id;
  v.organization_id = organization;
  v.name = in.text();
  v.url = in.text();
  v.project = in.text();
  v.username_sealed = in.bytes();
  v.password_sealed = in.bytes();
  v.created_at = in.number();
  v.updated_at = in.number();
  VARVE_CHECK(in.finish());
  return v;
}

} // namespace

registry_projection::registry_projection(database base,
                                         std::uint32_t generation)
    : projection{"registries", base, generation, 'd'}, changes_{rows()} {
  // nop
}

result<void> registry_projection::fold(const schema::Record& record,
                                       const schema::Entry& entry) {
  auto owner = entry.aggregate_id()->str();
  if (const auto* added = entry.event_as_DockerRegistryAdded()) {
    registry_view v;
    take(v, *added);
    v.created_at = record.time();
    v.updated_at = record.time();
    changes_.put(owned_by(owner) + added->registry_id()->str(), encode(v));
  } else if (const auto* change = entry.event_as_DockerRegistryChanged()) {
    return changed(record, owner, *change);
  } else if (const auto* removed = entry.event_as_DockerRegistryRemoved()) {
    changes_.erase(owned_by(owner) + removed->registry_id()->str());
  }
  return ok();
}

result<void>
registry_projection::changed(const schema::Record& record,
                             const std::string& owner,
                             const schema::DockerRegistryChanged& event) {
  auto id = event.registry_id()->str();
  VARVE_TRY(auto row, changes_.get(owned_by(owner) + id));
  if (!row)
    return failure(errc::store_failed, "a change of an unknown registry");
  VARVE_TRY(auto v, decode(owner, id, *row));
  take(v, event);
  v.updated_at = record.time();
  changes_.put(owned_by(owner) + id, encode(v));
  return ok();
}

result<std::vector<registry_view>>
registry_projection::all(std::string_view organization) const {
  std::vector<registry_view> out;
  scan each{rows(), owned_by(organization)};
  for (each.first(); each.valid(); each.next()) {
    VARVE_TRY(auto view, decode(organization, each.rest(), each.value()));
    out.push_back(std::move(view));
  }
  VARVE_CHECK(each.finish());
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.created_at < b.created_at;
  });
  return out;
}

} // namespace varve::projections
