#include "actors/snapshot/state.hpp"

#include <cstdlib>

namespace varve::snapshot {

namespace {

using string_list =
    flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

std::vector<std::string> strings(const string_list* list) {
  std::vector<std::string> out;
  if (list != nullptr)
    for (const auto* item : *list)
      out.push_back(item->str());
  return out;
}

void created(state& s, const schema::SnapshotCreated& event,
             const envelope& around) {
  if (around.record.organization_id() != nullptr)
    s.organization_id = around.record.organization_id()->str();
  s.name = event.name()->str();
  s.aliases = strings(event.aliases());
  s.image_ref = event.image_ref()->str();
  s.resources = *event.resources();
  s.entrypoint = strings(event.entrypoint());
  s.at = status::pending;
}

void activated(state& s, const schema::SnapshotActivated& event) {
  s.aliases = strings(event.aliases());
  s.image_ref = event.image_ref()->str();
  if (event.resources() != nullptr)
    s.resources = *event.resources();
  s.entrypoint = strings(event.entrypoint());
  s.size_bytes = event.size_bytes();
  s.at = status::active;
}

schema::SnapshotCreatedT creation(const RegisterSnapshot& c, bool general) {
  schema::SnapshotCreatedT event;
  event.name = c.name;
  event.aliases = c.aliases;
  event.general = general;
  event.image_ref = c.image_ref;
  event.resources = std::make_unique<schema::Resources>(c.resources);
  event.entrypoint = c.entrypoint;
  return event;
}

schema::SnapshotActivatedT activation(const RegisterSnapshot& c) {
  schema::SnapshotActivatedT event;
  event.image_ref = c.image_ref;
  event.size_bytes = c.size_bytes;
  event.aliases = c.aliases;
  event.resources = std::make_unique<schema::Resources>(c.resources);
  event.entrypoint = c.entrypoint;
  return event;
}

bool already_so(const state& s, const RegisterSnapshot& c) {
  return s.at == status::active && s.aliases == c.aliases
         && s.image_ref == c.image_ref && s.resources == c.resources
         && s.entrypoint == c.entrypoint && s.size_bytes == c.size_bytes;
}

} // namespace

void evolve(state& s, const schema::Entry& entry, const envelope& around) {
  s.version = entry.version();
  if (const auto* made = entry.event_as_SnapshotCreated())
    return created(s, *made, around);
  if (const auto* active = entry.event_as_SnapshotActivated())
    return activated(s, *active);
  if (entry.event_as_SnapshotRemoved() == nullptr)
    std::abort(); // not a snapshot's event: the log is broken
  s.at = status::removed;
}

result<decision> decide(const state& s, const RegisterSnapshot& what,
                        std::string_view organization_id) {
  decision out;
  auto add = [&](auto event) {
    out.entries.push_back(make_entry(schema::AggregateType::Snapshot,
                                     what.snapshot_id, std::move(event)));
  };
  if (s.at == status::removed)
    return failure(errc::wrong_state, "Snapshot was removed");
  if (s.at == status::absent) {
    add(creation(what, organization_id.empty()));
    add(activation(what));
    return out;
  }
  if (s.name != what.name || s.organization_id != organization_id)
    return failure(errc::conflict, "Snapshot with this id already exists");
  if (!already_so(s, what))
    add(activation(what));
  return out;
}

} // namespace varve::snapshot
