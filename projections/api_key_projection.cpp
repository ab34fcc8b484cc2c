#include "projections/api_key_projection.hpp"

#include "projections/key.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

// 'h' + (hash, organization, name) -> the key; 'o' + (organization, name) ->
// hash. Organizations are folded in any order: whatever one does with a hash
// must not touch another's row.
std::string_view bytes_of(const log::digest& hash) noexcept {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::string_view bytes_of(const schema::Digest& hash) noexcept {
  return {reinterpret_cast<const char*>(hash.bytes()->data()),
          hash.bytes()->size()};
}

std::string hashed_so(std::string_view hash) {
  return key{'h'}.rest(hash).take();
}

std::string row_key(std::string_view hash, std::string_view organization,
                    std::string_view name) {
  return key{hashed_so(hash)}.text(organization).rest(name).take();
}

std::string owned_by(std::string_view organization) {
  return key{'o'}.text(organization).take();
}

std::string encode(const api_key_view& v) {
  row_writer out;
  out.text(v.organization_id)
      .text(v.name)
      .text(v.user_id)
      .text(v.prefix)
      .text(v.suffix)
      .texts(v.permissions)
      .number(v.created_at)
      .number(v.expires_at);
  return out.take();
}

result<api_key_view> decode(std::string_view bytes) {
  row_reader in{bytes};
  api_key_view v;
  v.organization_id = in.text();
  v.name = in.text();
  v.user_id = in.text();
  v.prefix = in.text();
  v.suffix = in.text();
  v.permissions = in.texts();
  v.created_at = in.number();
  v.expires_at = in.number();
  VARVE_CHECK(in.finish());
  return v;
}

} // namespace

api_key_projection::api_key_projection(database base, std::uint32_t generation)
    : projection{"api keys", base, generation, 'k'}, changes_{rows()} {
  // nop
}

result<void> api_key_projection::fold(const schema::Record& record,
                                      const schema::Entry& entry) {
  if (const auto* event = entry.event_as_ApiKeyCreated())
    return created(record, entry, *event);
  if (const auto* event = entry.event_as_ApiKeyRevoked())
    return revoke(entry.aggregate_id()->str(), event->name()->str());
  return ok();
}

result<void> api_key_projection::created(const schema::Record& record,
                                         const schema::Entry& entry,
                                         const schema::ApiKeyCreated& event) {
  api_key_view v;
  v.organization_id = entry.aggregate_id()->str();
  v.name = event.name()->str();
  v.user_id = event.user_id()->str();
  v.prefix = event.prefix()->str();
  v.suffix = event.suffix()->str();
  if (event.permissions() != nullptr)
    for (const auto* permission : *event.permissions())
      v.permissions.push_back(permission->str());
  v.created_at = record.time();
  v.expires_at = event.expires_at();
  VARVE_CHECK(revoke(v.organization_id, v.name));
  std::string hash{bytes_of(*event.hash())};
  changes_.put(row_key(hash, v.organization_id, v.name), encode(v));
  changes_.put(owned_by(v.organization_id) + v.name, std::move(hash));
  return ok();
}

// A name stands for one key: without it nothing is left of the other row.
result<void> api_key_projection::revoke(const std::string& organization,
                                        const std::string& name) {
  auto by_name = owned_by(organization) + name;
  VARVE_TRY(auto hash, changes_.get(by_name));
  if (!hash)
    return ok();
  changes_.erase(row_key(*hash, organization, name));
  changes_.erase(by_name);
  return ok();
}

result<std::optional<api_key_view>>
api_key_projection::find(const log::digest& hash) const {
  scan with{rows(), hashed_so(bytes_of(hash))};
  with.first();
  if (!with.valid()) {
    VARVE_CHECK(with.finish());
    return std::optional<api_key_view>{};
  }
  VARVE_TRY(auto view, decode(with.value()));
  return std::optional<api_key_view>{std::move(view)};
}

result<std::vector<api_key_view>>
api_key_projection::all(std::string_view organization) const {
  frozen now{rows().base()};
  std::vector<api_key_view> out;
  scan owned{rows(), owned_by(organization), now.get()};
  for (owned.first(); owned.valid(); owned.next()) {
    auto key_row = row_key(owned.value(), organization, owned.rest());
    VARVE_TRY(auto row, rows().get(key_row, now.get()));
    if (!row)
      return failure(errc::store_failed, "an index row without its key");
    VARVE_TRY(auto view, decode(*row));
    out.push_back(std::move(view));
  }
  VARVE_CHECK(owned.finish());
  return out;
}

} // namespace varve::projections
