#include "actors/host/committer.hpp"

#include <algorithm>
#include <optional>

#include "actors/host/known_command.hpp"
#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "events/chain.hpp"
#include "events/partition_records.hpp"
#include "events/seal.hpp"

namespace varve::host {

namespace {

// More streams than this are looked up in the store again.
constexpr std::size_t most_versions_kept = 200'000;

bool is_new(schema::Event kind) noexcept {
  return kind == schema::Event::SandboxCreated
         || kind == schema::Event::OrganizationCreated
         || kind == schema::Event::ApiKeyCreated
         || kind == schema::Event::DockerRegistryAdded
         || kind == schema::Event::DockerRegistryChanged
         || kind == schema::Event::SnapshotCreated
         || kind == schema::Event::SnapshotActivated
         || kind == schema::Event::SnapshotRequested
         || kind == schema::Event::SnapshotActivationRequested;
}

// Deletes, stops and what follows from them may still be written when hardly
// any room is left.
bool gives_back(schema::Event kind) noexcept {
  return kind == schema::Event::SandboxDestroyRequested
         || kind == schema::Event::SandboxDestroyRetried
         || kind == schema::Event::SandboxDestroyed
         || kind == schema::Event::SandboxStopRequested
         || kind == schema::Event::SandboxStopped
         || kind == schema::Event::SandboxStarted
         || kind == schema::Event::SandboxFailed
         || kind == schema::Event::SandboxIdleAsked
         || kind == schema::Event::SandboxFoundBusy
         || kind == schema::Event::SandboxPaused
         || kind == schema::Event::SandboxResumed
         || kind == schema::Event::SandboxAdjusted
         || kind == schema::Event::SandboxArchived
         || kind == schema::Event::ApiKeyRevoked
         || kind == schema::Event::WarmPoolRemoved
         || kind == schema::Event::DockerRegistryRemoved
         || kind == schema::Event::SnapshotFailed
         || kind == schema::Event::SnapshotRemovalRequested
         || kind == schema::Event::SnapshotRemovalRetried
         || kind == schema::Event::SnapshotRemoved;
}

bool has_room(const proposal& p, log::disk_state disk) noexcept {
  auto all = [&](auto claim) {
    return std::all_of(
        p.entries.begin(), p.entries.end(),
        [&](const auto& entry) { return claim(entry->event.type); });
  };
  switch (disk) {
  case log::disk_state::ample:
    return true;
  case log::disk_state::low:
    return all([](schema::Event kind) { return !is_new(kind); });
  case log::disk_state::critical:
    return all(gives_back);
  case log::disk_state::full:
    return false;
  }
  return false;
}

bool is_own(const schema::EntryT& entry) noexcept {
  return entry.aggregate == schema::AggregateType::Organization;
}

std::uint16_t partition_for(const proposal& p) noexcept {
  return log::partition_of(p.organization_id.empty()
                               ? p.entries.front()->aggregate_id
                               : p.organization_id);
}

} // namespace

committer::committer(log::event_log& log, log::local_store& store,
                     const clock& time, std::string node, std::string address)
    : log_(log), store_(store), time_(time), node_(std::move(node)),
      address_(std::move(address)) {
  // nop
}

result<std::vector<log::record_ptr>> committer::begin_epoch() {
  owns_ = false;
  versions_.clear();
  std::vector<log::record_ptr> batch;
  auto now = time_.now();
  auto place = log_.place();
  auto add = [&](schema::RecordT content) -> result<void> {
    VARVE_TRY(auto sealed, log::record::seal(content));
    heads_[content.partition] = log::head_after(*sealed);
    batch.push_back(std::move(sealed));
    return ok();
  };
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    VARVE_TRY(heads_[p], log_.head(p));
    VARVE_CHECK(log::check_seal(store_, p, place));
    if (heads_[p].next_index == 0) {
      VARVE_CHECK(add(log::log_created(log_.log_id(), p, now)));
    }
    VARVE_CHECK(add(log::epoch_started(heads_[p], p, node_, address_, now)));
  }
  VARVE_CHECK(log_.append(batch));
  owns_ = true;
  ++term_;
  admission_terms_.clear();
  return batch;
}

void committer::admit_only(const std::string& organization_id,
                           std::uint64_t admission_term) {
  admission_terms_[organization_id] = admission_term;
}

std::vector<verdict> committer::commit(std::span<proposal* const> proposals) {
  std::vector<verdict> out;
  out.reserve(proposals.size());
  auto disk = log_.disk();
  auto heads_before = heads_;
  std::vector<log::record_ptr> batch;
  for (auto* p : proposals) {
    out.push_back(judge(*p, disk));
    if (out.back().outcome && !out.back().known)
      batch.push_back(out.back().outcome.value());
  }
  if (batch.empty())
    return out;
  auto appended = log_.append(batch);
  if (appended) {
    // The store knows them all by now.
    if (versions_.size() > most_versions_kept)
      versions_.clear();
    return out;
  }
  auto why = appended.error().detail;
  auto code = appended.error().code;
  versions_.clear();
  if (code == errc::log_full || code == errc::log_corrupt) {
    // Refused before anything was written.
    heads_ = heads_before;
    take_back(out, code == errc::log_full ? code : errc::log_unavailable, why);
    return out;
  }
  log_warning("log", "append in doubt: " + why);
  owns_ = false;
  doubtful_ = std::move(out);
  return {};
}

result<std::vector<verdict>> committer::resolve() {
  for (auto& v : doubtful_) {
    if (!v.outcome || v.known)
      continue;
    const auto& wanted = *v.outcome.value();
    auto at = wanted.at();
    VARVE_TRY(auto found, log_.read(at.partition, at.index, 1));
    auto counts = !found.empty() && found[0]->hash() == wanted.hash();
    if (!counts)
      v.outcome = failure(errc::version_conflict, "The record does not count");
  }
  return std::exchange(doubtful_, {});
}

verdict committer::judge(proposal& p, log::disk_state disk) {
  if (!owns_)
    return {failure(errc::log_unavailable, "The log cannot be written now")};
  if (p.may_be_known) {
    auto known =
        known_command(store_, p.organization_id, p.command_id, p.request);
    if (!known)
      return {std::move(known).error()};
    if (known.value())
      return {std::move(known).value(), true};
  }
  return {prepare(p, disk)};
}

result<void> committer::check(const proposal& p, log::disk_state disk) {
  if (!has_room(p, disk))
    return failure(errc::log_full, "The server's disk is full");
  if (p.term != term_)
    return failure(errc::version_conflict, "Decided in an earlier term");
  if (!p.stream.empty()) {
    VARVE_TRY(auto version, version_of(p.stream));
    if (version != p.version)
      return failure(errc::version_conflict,
                     "Decided on version " + std::to_string(p.version) + " of "
                         + p.stream + ", which is at "
                         + std::to_string(version));
  }
  auto admission =
      std::any_of(p.entries.begin(), p.entries.end(), [](const auto& entry) {
        return needs_admission(entry->event.type);
      });
  if (admission) {
    auto found = admission_terms_.find(p.organization_id);
    if (found == admission_terms_.end() || found->second != p.admission_term)
      return failure(errc::version_conflict, "Admitted in an earlier term");
  }
  return ok();
}

result<std::uint64_t> committer::version_of(const std::string& stream) {
  if (auto found = versions_.find(stream); found != versions_.end())
    return found->second;
  VARVE_TRY(auto latest, store_.latest(stream));
  return versions_[stream] = latest ? latest->version : 0;
}

// Gives every entry the next version of its stream, and of its organization's
// where it counts there; says what was there before.
result<committer::stream_versions> committer::number(const proposal& p,
                                                     schema::RecordT& content) {
  stream_versions before;
  for (const auto& entry : content.entries) {
    if (counts_in_organization(entry->event.type)) {
      VARVE_TRY(auto version, version_of(p.organization_id));
      before.emplace_back(p.organization_id, version);
    }
    if (!is_own(*entry)) {
      VARVE_TRY(auto version, version_of(entry->aggregate_id));
      before.emplace_back(entry->aggregate_id, version);
    }
  }
  for (auto& entry : content.entries) {
    if (counts_in_organization(entry->event.type))
      entry->organization_version = ++versions_[p.organization_id];
    entry->version = is_own(*entry) ? entry->organization_version
                                    : ++versions_[entry->aggregate_id];
  }
  return before;
}

result<log::record_ptr> committer::prepare(proposal& p, log::disk_state disk) {
  VARVE_CHECK(check(p, disk));
  auto& head = heads_[partition_for(p)];
  schema::RecordT content;
  content.partition = partition_for(p);
  content.time = std::max(time_.now(), head.time);
  auto id = uuid::v7(content.time);
  content.id.assign(id.bytes.begin(), id.bytes.end());
  content.prev = std::make_unique<schema::Digest>(
      flatbuffers::span<const std::uint8_t, 32>{head.hash});
  content.epoch = head.epoch;
  content.index = head.next_index;
  content.organization_id = p.organization_id;
  content.principal = p.principal;
  content.command_id = p.command_id;
  content.cause = p.cause;
  if (p.request)
    content.request = std::make_unique<schema::Digest>(
        flatbuffers::span<const std::uint8_t, 32>{*p.request});
  content.entries = std::move(p.entries);
  VARVE_TRY(auto before, number(p, content));
  auto sealed = log::record::seal(content);
  if (!sealed) {
    for (const auto& [stream, version] : before)
      versions_[stream] = version;
    return std::move(sealed).error();
  }
  head = log::head_after(*sealed.value());
  return sealed;
}

void committer::take_back(std::span<verdict> verdicts, errc code,
                          const std::string& why) {
  for (auto& v : verdicts)
    if (v.outcome && !v.known)
      v.outcome = failure(code, why);
}

} // namespace varve::host
