#include "events/store/store_batch.hpp"

#include <vector>

#include <rocksdb/db.h>

#include "events/chain.hpp"
#include "events/store/keys.hpp"

namespace varve::log {

namespace {

std::string_view text(const flatbuffers::String* s) noexcept {
  return s ? s->string_view() : std::string_view{};
}

rocksdb::Slice slice(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_organizations_own(const schema::Entry& entry) noexcept {
  return entry.aggregate() == schema::AggregateType::Organization;
}

// Whether the entry is in its organization's stream besides its own.
bool has_second_stream(const schema::Entry& entry) noexcept {
  return entry.organization_version() != 0 && !is_organizations_own(entry);
}

result<void> check_ids(const record& r) {
  auto usable = [](std::string_view id) {
    return !id.empty() && id.size() <= keys::max_id_bytes;
  };
  auto organization = text(r.view().organization_id());
  auto fine = organization.size() <= keys::max_id_bytes
              && text(r.view().command_id()).size() <= keys::max_id_bytes;
  for (const auto* entry : *r.view().entries())
    fine = fine && usable(text(entry->aggregate_id()))
           && (!has_second_stream(*entry) || usable(organization));
  if (fine)
    return ok();
  return failure(errc::malformed,
                 to_string(r.at()) + " has an id that is empty or too long");
}

} // namespace

store_batch::store_batch(rocksdb::DB& database, const store_families& families)
    : database_(database), families_(families) {
  // nop
}

result<void> store_batch::load(std::span<const record_ptr> records) {
  for (const auto& r : records) {
    for (const auto* entry : *r->view().entries()) {
      streams_.try_emplace(entry->aggregate_id()->str());
      if (has_second_stream(*entry))
        streams_.try_emplace(std::string{text(r->view().organization_id())});
    }
  }
  std::vector<rocksdb::Slice> ids;
  ids.reserve(streams_.size());
  for (const auto& [id, change] : streams_)
    ids.emplace_back(id);
  std::vector<rocksdb::PinnableSlice> values(ids.size());
  std::vector<rocksdb::Status> found(ids.size());
  database_.MultiGet({}, families_.latest, ids.size(), ids.data(),
                     values.data(), found.data());
  std::size_t i = 0;
  for (auto& [id, change] : streams_) {
    if (!found[i].ok() && !found[i].IsNotFound())
      return from_status("latest of " + id, found[i]);
    if (found[i].ok()) {
      change.before = keys::parse_latest(values[i].ToStringView());
      if (!change.before)
        return failure(errc::log_corrupt, "latest of " + id + " is damaged");
      change.now = *change.before;
    }
    ++i;
  }
  return ok();
}

result<void> store_batch::add(const record& r) {
  VARVE_CHECK(check_ids(r));
  auto fail = [&](const rocksdb::Status& status) {
    return from_status("gathering a commit", status);
  };
  auto put =
      batch_.Put(families_.records, keys::record(r.at()), slice(r.frame()));
  if (!put.ok())
    return fail(put);
  for (const auto* entry : *r.view().entries()) {
    VARVE_CHECK(add_entry(r, *entry));
  }
  auto command = text(r.view().command_id());
  if (command.empty())
    return ok();
  put =
      batch_.Put(families_.commands,
                 keys::command(text(r.view().organization_id()), command),
                 keys::value_of(keys::command_place{r.at(), r.view().time()}));
  return put.ok() ? result<void>{ok()} : fail(put);
}

result<void> store_batch::add_entry(const record& r,
                                    const schema::Entry& entry) {
  latest_entry own{entry.aggregate(), entry.version(), r.at(), entry.deadline(),
                   entry.owes()};
  auto id = text(entry.aggregate_id());
  if (is_organizations_own(entry) && entry.organization_version() != 0
      && entry.organization_version() != entry.version())
    return failure(errc::log_corrupt, to_string(r.at()) + " gives organization "
                                          + std::string{id}
                                          + " two versions at once");
  VARVE_CHECK(advance(r, id, entry.version(), own));
  if (!has_second_stream(entry))
    return ok();
  auto organization = std::string{text(r.view().organization_id())};
  // What the organization itself waits for is not this event's matter.
  auto shared = streams_.at(organization).now;
  shared.aggregate = schema::AggregateType::Organization;
  return advance(r, organization, entry.organization_version(), shared);
}

result<void> store_batch::advance(const record& r, std::string_view id,
                                  std::uint64_t version, latest_entry next) {
  auto& change = streams_.at(std::string{id});
  if (version != change.now.version + 1)
    return failure(errc::log_corrupt, to_string(r.at()) + " takes "
                                          + std::string{id} + " from version "
                                          + std::to_string(change.now.version)
                                          + " to " + std::to_string(version));
  next.version = version;
  next.at = r.at();
  change.now = next;
  auto put = batch_.Put(families_.streams, keys::stream(id, version),
                        keys::record(r.at()));
  return put.ok() ? result<void>{ok()}
                  : result<void>{from_status("gathering a commit", put)};
}

rocksdb::WriteBatch& store_batch::finish() {
  for (const auto& [id, change] : streams_)
    finish_stream(id, change);
  streams_.clear();
  return batch_;
}

// A batch only refuses more when it has a size limit, which this one has not.
void store_batch::finish_stream(const std::string& id,
                                const stream_change& change) {
  const auto& now = change.now;
  auto before = change.before.value_or(latest_entry{});
  if (now.version == before.version)
    return;
  batch_.Put(families_.latest, id, keys::value_of(now));
  if (now.owes && !before.owes)
    batch_.Put(families_.outstanding, id,
               std::string{static_cast<char>(now.aggregate)});
  if (!now.owes && before.owes)
    batch_.Delete(families_.outstanding, id);
  if (before.deadline != 0 && before.deadline != now.deadline)
    batch_.Delete(families_.deadlines, keys::deadline(before.deadline, id));
  if (now.deadline != 0)
    batch_.Put(families_.deadlines, keys::deadline(now.deadline, id),
               keys::armed(now.aggregate, now.version));
}

} // namespace varve::log
