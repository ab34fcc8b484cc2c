#include "projections/snapshot_projection.hpp"

#include "projections/key.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

// Names and aliases share a table: (owner, kind, name, id). A general snapshot
// has the owner "".
constexpr std::string_view by_name = "name";
constexpr std::string_view by_alias = "alias";

std::string row_key(std::string_view id) {
  return key{'r'}.rest(id).take();
}

std::string owned_by(std::string_view owner, std::string_view kind) {
  return key{'n'}.text(owner).text(kind).take();
}

std::string named_so(std::string_view owner, std::string_view kind,
                     std::string_view name) {
  return key{owned_by(owner, kind)}.text(name).take();
}

std::string encode(const snapshot_view& v) {
  row_writer out;
  out.text(v.organization_id)
      .text(v.name)
      .texts(v.aliases)
      .flag(v.general)
      .text(v.image_ref)
      .text(v.state)
      .resources(v.resources)
      .texts(v.entrypoint)
      .number(v.size_bytes)
      .number(v.created_at)
      .number(v.updated_at)
      .text(v.image)
      .text(v.error_reason)
      .text(v.region)
      .text(v.user)
      .number(v.used_at)
      .text(v.dockerfile)
      .texts(v.context_hashes);
  return out.take();
}

result<snapshot_view> decode(std::string_view id, std::string_view bytes) {
  row_reader in{bytes};
  snapshot_view v;
  v.id = id;
  v.organization_id = in.text();
  v.name = in.text();
  v.aliases = in.texts();
  v.general = in.flag();
  v.image_ref = in.text();
  v.state = in.text();
  v.resources = in.resources();
  v.entrypoint = in.texts();
  v.size_bytes = in.number();
  v.created_at = in.number();
  v.updated_at = in.number();
  v.image = in.text();
  v.error_reason = in.text();
  v.region = in.text();
  v.user = in.text();
  v.used_at = in.number();
  v.dockerfile = in.text();
  v.context_hashes = in.texts();
  VARVE_CHECK(in.finish());
  return v;
}

using text_list = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

std::vector<std::string> texts_of(const text_list* texts) {
  std::vector<std::string> out;
  if (texts != nullptr)
    for (const auto* text : *texts)
      out.push_back(text->str());
  return out;
}

void created(snapshot_view& v, const schema::Record& record,
             const schema::SnapshotCreated& event) {
  v.general = event.general();
  if (!v.general && record.organization_id() != nullptr)
    v.organization_id = record.organization_id()->str();
  v.name = event.name()->str();
  v.aliases = texts_of(event.aliases());
  v.image_ref = event.image_ref()->str();
  v.resources = *event.resources();
  v.entrypoint = texts_of(event.entrypoint());
  v.state = "pending";
  v.created_at = record.time();
}

void requested(snapshot_view& v, const schema::Record& record,
               const schema::SnapshotRequested& event) {
  if (record.organization_id() != nullptr)
    v.organization_id = record.organization_id()->str();
  v.name = event.name()->str();
  v.image = event.image()->str();
  v.resources = *event.resources();
  v.entrypoint = texts_of(event.entrypoint());
  v.region = event.region()->str();
  if (const auto* build = event.build()) {
    v.dockerfile = build->dockerfile()->str();
    v.context_hashes = texts_of(build->context_hashes());
  }
  v.state = "pending";
  v.created_at = record.time();
}

// Bears the whole content, which replaces what was there.
void activated(snapshot_view& v, const schema::SnapshotActivated& event) {
  v.image_ref = event.image_ref()->str();
  v.size_bytes = event.size_bytes();
  v.aliases = texts_of(event.aliases());
  v.entrypoint = texts_of(event.entrypoint());
  if (event.resources() != nullptr)
    v.resources = *event.resources();
  if (event.user() != nullptr)
    v.user = event.user()->str();
  v.state = "active";
}

struct passage {
  schema::Event event;
  std::string_view state;
  std::string_view of_built = state; // one whose image is made here
};

// Where events without content lead.
constexpr passage passages[] = {
    {schema::Event::SnapshotResolved, "pulling", "building"},
    {schema::Event::SnapshotFailed, "error", "build_failed"},
    {schema::Event::SnapshotDeactivated, "inactive"},
    {schema::Event::SnapshotActivationRequested, "pending"},
    {schema::Event::SnapshotRemovalRequested, "removing"},
    {schema::Event::SnapshotRemovalRetried, "removing"}};

// False when the event is not one of a snapshot that is there.
bool changed(snapshot_view& v, const schema::Record& record,
             const schema::Entry& entry) {
  v.error_reason.clear();
  if (const auto* active = entry.event_as_SnapshotActivated()) {
    activated(v, *active);
    if (!v.image.empty())
      v.used_at = record.time();
    return true;
  }
  if (const auto* failed = entry.event_as_SnapshotFailed())
    v.error_reason = failed->reason()->str();
  for (const auto& it : passages)
    if (it.event == entry.event_type()) {
      v.state = v.dockerfile.empty() ? it.state : it.of_built;
      return true;
    }
  return false;
}

error impossible(const schema::Entry& entry) {
  return {errc::store_failed, "snapshot " + entry.aggregate_id()->str() + ": "
                                  + schema::EnumNameEvent(entry.event_type())
                                  + " of one that is not there"};
}

} // namespace

std::optional<std::string_view> without_tag(std::string_view name) noexcept {
  auto colon = name.rfind(':');
  auto slash = name.rfind('/');
  if (colon == std::string_view::npos
      || (slash != std::string_view::npos && colon < slash))
    return std::nullopt;
  return name.substr(0, colon);
}

snapshot_projection::snapshot_projection(database base,
                                         std::uint32_t generation)
    : projection{"snapshots", base, generation, 't'}, changes_{rows()} {
  // nop
}

result<void> snapshot_projection::fold(const schema::Record& record,
                                       const schema::Entry& entry) {
  auto id = entry.aggregate_id()->str();
  VARVE_TRY(auto row, changes_.get(row_key(id)));
  snapshot_view view;
  view.id = id;
  if (row) {
    VARVE_TRY(view, decode(id, *row));
    remove(view);
  }
  if (const auto* event = entry.event_as_SnapshotCreated())
    created(view, record, *event);
  else if (const auto* asked = entry.event_as_SnapshotRequested())
    requested(view, record, *asked);
  else if (!row)
    return impossible(entry);
  else if (entry.event_as_SnapshotRemoved() != nullptr)
    return ok();
  else if (!changed(view, record, entry))
    return impossible(entry);
  view.updated_at = record.time();
  save(view);
  return ok();
}

void snapshot_projection::save(const snapshot_view& v) {
  changes_.put(row_key(v.id), encode(v));
  // Its name is free for another.
  if (v.state == "removing")
    return;
  changes_.put(named_so(v.organization_id, by_name, v.name) + v.id, "");
  for (const auto& alias : v.aliases)
    changes_.put(named_so(v.organization_id, by_alias, alias) + v.id, "");
}

void snapshot_projection::remove(const snapshot_view& v) {
  changes_.erase(row_key(v.id));
  changes_.erase(named_so(v.organization_id, by_name, v.name) + v.id);
  for (const auto& alias : v.aliases)
    changes_.erase(named_so(v.organization_id, by_alias, alias) + v.id);
}

result<std::optional<snapshot_view>>
snapshot_projection::read(std::string_view id,
                          const rocksdb::Snapshot* as_of) const {
  VARVE_TRY(auto row, rows().get(row_key(id), as_of));
  if (!row)
    return std::optional<snapshot_view>{};
  VARVE_TRY(auto view, decode(id, *row));
  return std::optional<snapshot_view>{std::move(view)};
}

result<std::optional<snapshot_view>>
snapshot_projection::named(std::string_view owner, std::string_view name,
                           const rocksdb::Snapshot* as_of) const {
  std::vector<std::string> places{named_so(owner, by_name, name),
                                  named_so(owner, by_alias, name)};
  if (auto plain = without_tag(name))
    places.push_back(named_so(owner, by_alias, *plain));
  for (const auto& below : places) {
    scan at{rows(), below, as_of};
    at.first();
    if (at.valid())
      return read(at.rest(), as_of);
    VARVE_CHECK(at.finish());
  }
  return std::optional<snapshot_view>{};
}

result<std::optional<snapshot_view>>
snapshot_projection::find(std::string_view organization,
                          std::string_view id_or_name) const {
  frozen now{rows().base()};
  VARVE_TRY(auto by_id, read(id_or_name, now.get()));
  if (by_id && (by_id->general || by_id->organization_id == organization))
    return by_id;
  if (!organization.empty()) {
    VARVE_TRY(auto own, named(organization, id_or_name, now.get()));
    if (own)
      return own;
  }
  return named("", id_or_name, now.get());
}

result<std::vector<snapshot_view>>
snapshot_projection::all(std::string_view organization) const {
  frozen now{rows().base()};
  std::vector<snapshot_view> out;
  if (!organization.empty()) {
    VARVE_CHECK(read_all(organization, now.get(), out));
  }
  VARVE_CHECK(read_all("", now.get(), out));
  return out;
}

result<void>
snapshot_projection::read_all(std::string_view owner,
                              const rocksdb::Snapshot* as_of,
                              std::vector<snapshot_view>& out) const {
  scan owned{rows(), owned_by(owner, by_name), as_of};
  for (owned.first(); owned.valid(); owned.next()) {
    std::string name;
    auto rest = owned.rest();
    VARVE_TRY(auto view, read(take_text(rest, name) ? rest : "", as_of));
    if (!view)
      return failure(errc::store_failed, "an index row without its snapshot");
    out.push_back(std::move(*view));
  }
  return owned.finish();
}

} // namespace varve::projections
