#include "runner/operations/ledger.hpp"

#include <algorithm>

namespace varve::runner {

namespace {

using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

constexpr timestamp tombstone_life = 7ull * 24 * 3600 * 1000;
constexpr std::size_t kept_operations = 64;

bool is_destroyed(const schema::JournalSandboxT& r) noexcept {
  return r.destroyed_at != 0;
}

// The journal holds no secret: names of env only, and not even those.
schema::OperationT without_secrets(const schema::OperationT& operation) {
  schema::OperationT copy{operation};
  if (copy.spec)
    copy.spec->env.clear();
  return copy;
}

// So that it holds from the first moment of the next server.
void keep_network(schema::JournalSandboxT& r,
                  const schema::OperationT& operation) {
  r.network.reset();
  if (operation.spec && operation.spec->network)
    r.network = std::make_unique<schema::NetworkT>(*operation.spec->network);
}

void name(schema::JournalEntryT& entry, std::string key, std::string value) {
  auto pair = std::make_unique<schema::PairT>();
  pair->key = std::move(key);
  pair->value = std::move(value);
  entry.names.push_back(std::move(pair));
}

schema::JournalEntryT make_entry(const machine& host,
                                 const schema::OperationT& operation,
                                 std::uint32_t slot) {
  auto& id = operation.sandbox_id;
  schema::JournalEntryT entry;
  entry.operation =
      std::make_unique<schema::OperationT>(without_secrets(operation));
  entry.boot_id = host.means.boot_id;
  name(entry, "address", dotted(host.addresses.address(slot)));
  name(entry, "cgroup", host.where.cgroup(id));
  name(entry, "files", host.where.sandbox(id));
  name(entry, "link", host.where.link(slot));
  name(entry, "run", host.where.run_sandbox(id));
  name(entry, "uidBase", std::to_string(host.addresses.uid_base(slot)));
  return entry;
}

} // namespace

schema::OutcomeT make_outcome(const schema::OperationT& operation,
                              schema::Result result, std::string error) {
  schema::OutcomeT out;
  out.operation_id = operation.id;
  out.kind = operation.kind;
  out.sandbox_id = operation.sandbox_id;
  out.version = operation.version;
  out.result = result;
  out.error = std::move(error);
  return out;
}

result<std::unique_ptr<ledger>> ledger::open(const machine& host,
                                             std::unique_ptr<journal> book) {
  std::unique_ptr<ledger> out{new ledger};
  out->host_ = &host;
  out->book_ = std::move(book);
  VARVE_TRY(out->epochs_, out->book_->epochs());
  VARVE_TRY(auto sandboxes, out->book_->sandboxes());
  for (auto& sandbox : sandboxes) {
    if (sandbox.slot < address_plan::slots)
      out->next_slot_ = std::max(out->next_slot_, sandbox.slot + 1);
    out->put(sandbox);
  }
  return out;
}

std::optional<ledger::record> ledger::find(const std::string& id) const {
  std::lock_guard lock{guard_};
  auto found = records_.find(id);
  if (found == records_.end())
    return std::nullopt;
  return found->second;
}

void ledger::put(const record& r) {
  std::lock_guard lock{guard_};
  records_[r.sandbox_id] = r;
}

// The next in turn and not the lowest: an address rests before it is used
// again, while the kernel may still remember connections of it.
std::optional<std::uint32_t> ledger::free_slot_locked() {
  std::vector<bool> taken(address_plan::slots);
  for (auto& [id, r] : records_)
    if (!is_destroyed(r) && r.slot < taken.size())
      taken[r.slot] = true;
  for (std::uint32_t i = 0; i < address_plan::slots; ++i) {
    auto slot = (next_slot_ + i) % address_plan::slots;
    if (!taken[slot]) {
      next_slot_ = slot + 1;
      return slot;
    }
  }
  return std::nullopt;
}

// Taken from here on, whatever becomes of the operation.
result<ledger::record> ledger::give_slot(record r) {
  std::lock_guard lock{guard_};
  auto slot = free_slot_locked();
  if (!slot)
    return failure(errc::too_busy, "all slots of this runner are taken");
  r.slot = *slot;
  records_[r.sandbox_id] = r;
  return r;
}

void ledger::take_back(const std::string& id,
                       const std::optional<record>& before) {
  std::lock_guard lock{guard_};
  if (before)
    records_[id] = *before;
  else
    records_.erase(id);
}

std::optional<schema::OutcomeT>
ledger::refuse(const schema::OperationT& operation) const {
  auto refused = [&](std::string why) {
    return make_outcome(operation, verdict::Refused, std::move(why));
  };
  if (!operation.journal_id.empty() && operation.journal_id != journal_id())
    return refused("meant for another journal");
  std::lock_guard lock{guard_};
  auto epoch = epochs_.find(operation.partition);
  if (epoch != epochs_.end() && operation.epoch < epoch->second)
    return refused("of an epoch that is over");
  auto known = records_.find(operation.sandbox_id);
  if (known != records_.end() && operation.version < known->second.version)
    return refused("older than what was done already");
  if (operation.queue_until != 0 && clock_.now() > operation.queue_until)
    return make_outcome(operation, verdict::Expired, "waited too long");
  return std::nullopt;
}

result<void> ledger::note_epoch(const schema::OperationT& operation) {
  {
    std::lock_guard lock{guard_};
    auto& highest = epochs_[operation.partition];
    if (operation.epoch <= highest)
      return ok();
    highest = operation.epoch;
  }
  return book_->set_epoch(operation.partition, operation.epoch);
}

result<ledger::decision> ledger::answer(schema::OutcomeT outcome) {
  auto known = find(outcome.sandbox_id);
  outcome.present = known ? known->present : present::Absent;
  outcome.journal_id = journal_id();
  outcome.sequence = book_->next_sequence();
  VARVE_CHECK(book_->answer(outcome));
  return decision{answered{std::move(outcome)}};
}

// Nothing of the sandbox is here. A destroy leaves a tombstone all the same,
// so that a create that comes late is refused.
result<ledger::decision>
ledger::answer_unknown(const schema::OperationT& operation) {
  auto done = operation.kind == kind::Destroy;
  auto outcome = make_outcome(operation, done ? verdict::Done : verdict::Failed,
                              done ? "" : "the sandbox is not on this runner");
  record r;
  r.sandbox_id = operation.sandbox_id;
  r.slot = UINT32_MAX;
  r.version = operation.version;
  r.present = present::Absent;
  r.destroyed_at = clock_.now();
  put(r);
  schema::JournalEntryT entry;
  entry.operation =
      std::make_unique<schema::OperationT>(without_secrets(operation));
  outcome.present = present::Absent;
  VARVE_TRY(auto finished, finish(std::move(entry), std::move(outcome)));
  return decision{answered{std::move(finished)}};
}

result<schema::JournalSandboxT>
ledger::hold_place(const std::string& id, const schema::SandboxSpecT& spec) {
  record r;
  r.sandbox_id = id;
  r.present = present::Absent;
  r.image_ref = spec.image_ref;
  r.waits = std::make_unique<schema::WarmPlaceT>();
  r.waits->organization_id = spec.organization_id;
  if (spec.resources)
    r.waits->resources = std::make_unique<schema::Resources>(*spec.resources);
  VARVE_TRY(r, give_slot(std::move(r)));
  auto kept = book_->keep(r);
  if (!kept) {
    take_back(id, std::nullopt);
    return kept.error();
  }
  return r;
}

std::optional<ledger::record>
ledger::find_waiting(const std::string& id,
                     const schema::OperationT& operation) const {
  auto found = id.empty() ? std::nullopt : find(id);
  if (!found || !found->waits || found->present != present::Running
      || found->image_ref != operation.spec->image_ref)
    return std::nullopt;
  return found;
}

result<ledger::decision> ledger::begin(const schema::OperationT& operation,
                                       record r, const std::string& claims) {
  r.version = std::max(r.version, operation.version);
  if (operation.kind == kind::Create || operation.kind == kind::Start
      || operation.kind == kind::Restore)
    keep_network(r, operation);
  auto entry = make_entry(*host_, operation, r.slot);
  entry.claims = claims;
  VARVE_CHECK(book_->begin(entry, r));
  if (!claims.empty())
    take_back(claims, std::nullopt);
  put(r);
  return decision{go_on{std::move(entry), r.slot, r.image_ref}};
}

result<std::variant<ledger::go_on, ledger::answered>>
ledger::admit(const schema::OperationT& operation, bool resumed,
              const std::string& waiting) {
  VARVE_TRY(auto earlier, book_->find(operation.sandbox_id, operation.id));
  if (earlier && earlier->outcome)
    return answer(*earlier->outcome);
  if (!resumed) {
    if (auto refused = refuse(operation))
      return answer(std::move(*refused));
    VARVE_CHECK(note_epoch(operation));
  }
  auto known = find(operation.sandbox_id);
  auto here = known && !is_destroyed(*known);
  if (!here && operation.kind != kind::Create)
    return answer_unknown(operation);
  if (here && known->slot < address_plan::slots)
    return begin(operation, *known);
  auto restores = operation.kind == kind::Restore;
  if (here && operation.kind != kind::Create && !restores)
    return begin(operation, *known); // it lost its files, and its slot
  record r;
  if (here && restores)
    r = *known;
  r.sandbox_id = operation.sandbox_id;
  r.present = restores ? present::Archived : present::Absent;
  r.image_ref = operation.spec->image_ref;
  if (auto place = find_waiting(waiting, operation)) {
    r.slot = place->slot;
    return begin(operation, std::move(r), waiting);
  }
  VARVE_TRY(r, give_slot(std::move(r)));
  auto begun = begin(operation, std::move(r));
  if (!begun)
    take_back(operation.sandbox_id, known);
  return begun;
}

result<schema::OutcomeT> ledger::finish(schema::JournalEntryT entry,
                                        schema::OutcomeT outcome) {
  auto r = find(outcome.sandbox_id);
  if (!r)
    return failure(errc::not_found, "finished what was not begun");
  r->present = outcome.present;
  if (outcome.present == present::Archived)
    r->slot = UINT32_MAX;
  if (outcome.present == present::Running || outcome.present == present::Paused)
    r->boot_id = host_->means.boot_id;
  if (outcome.kind == kind::Adjust && outcome.result == verdict::Done)
    keep_network(*r, *entry.operation);
  if (outcome.kind == kind::Destroy && outcome.result == verdict::Done)
    r->destroyed_at = clock_.now();
  outcome.journal_id = journal_id();
  outcome.sequence = book_->next_sequence();
  entry.outcome = std::make_unique<schema::OutcomeT>(outcome);
  VARVE_CHECK(book_->finish(entry, *r));
  put(*r);
  return outcome;
}

result<std::optional<schema::ObservationT>>
ledger::observe(schema::ObservationT observation) {
  auto r = find(observation.sandbox_id);
  if (!r || r->present == observation.present)
    return std::optional<schema::ObservationT>{};
  r->present = observation.present;
  observation.journal_id = journal_id();
  observation.sequence = book_->next_sequence();
  VARVE_CHECK(book_->observe(observation, *r));
  put(*r);
  return std::optional{std::move(observation)};
}

result<schema::ObservationT> ledger::remark(schema::ObservationT observation) {
  auto r = find(observation.sandbox_id);
  if (!r)
    return failure(errc::not_found, "a remark about what is not known");
  observation.journal_id = journal_id();
  observation.sequence = book_->next_sequence();
  VARVE_CHECK(book_->observe(observation, *r));
  return observation;
}

void ledger::acknowledge(std::string_view sandbox_id, std::uint64_t sequence) {
  book_->acknowledge(sandbox_id, sequence);
}

std::vector<schema::JournalSandboxT> ledger::sandboxes() const {
  std::lock_guard lock{guard_};
  std::vector<record> out;
  for (auto& [id, r] : records_)
    if (!is_destroyed(r))
      out.push_back(r);
  return out;
}

result<std::vector<schema::JournalEntryT>> ledger::unfinished() const {
  return book_->unfinished();
}

result<std::vector<schema::JournalReportT>> ledger::outbox() const {
  return book_->outbox();
}

result<void> ledger::forget(const schema::JournalEntryT& entry) {
  return book_->forget(entry.operation->sandbox_id, entry.operation->id);
}

result<void> ledger::adopt(const std::string& id, std::uint32_t slot,
                           const std::string& image_ref, std::uint64_t version,
                           schema::Present now) {
  record r;
  r.sandbox_id = id;
  r.slot = slot;
  r.image_ref = image_ref;
  r.version = version;
  r.present = now;
  if (now == present::Running || now == present::Paused)
    r.boot_id = host_->means.boot_id;
  return keep(r);
}

result<void> ledger::set_present(const std::string& id, schema::Present now) {
  auto r = find(id);
  if (!r || r->present == now)
    return ok();
  r->present = now;
  return keep(*r);
}

result<void> ledger::set_archived(const std::string& id) {
  return set_without_files(id, present::Archived);
}

result<void> ledger::set_lost(const std::string& id) {
  return set_without_files(id, present::Absent);
}

result<void> ledger::set_without_files(const std::string& id,
                                       schema::Present now) {
  auto r = find(id);
  if (!r)
    return ok();
  r->present = now;
  r->slot = UINT32_MAX;
  return keep(*r);
}

result<void> ledger::keep(const record& r) {
  VARVE_CHECK(book_->keep(r));
  put(r);
  return ok();
}

result<void> ledger::erase(const std::string& id) {
  VARVE_CHECK(book_->erase(id));
  std::lock_guard lock{guard_};
  records_.erase(id);
  return ok();
}

result<void> ledger::erase_old_tombstones() {
  auto now = clock_.now();
  std::vector<std::string> old, living;
  {
    std::lock_guard lock{guard_};
    for (auto& [id, r] : records_)
      if (!is_destroyed(r))
        living.push_back(id);
      else if (r.destroyed_at + tombstone_life < now)
        old.push_back(id);
  }
  for (auto& id : old) {
    VARVE_CHECK(erase(id));
  }
  for (auto& id : living) {
    VARVE_CHECK(book_->trim(id, kept_operations));
  }
  return ok();
}

schema::InventoryT ledger::inventory(const std::string& runner_id) const {
  schema::InventoryT out;
  out.runner_id = runner_id;
  out.journal_id = journal_id();
  out.taken_at = clock_.now();
  for (auto& r : sandboxes()) {
    if (r.waits)
      continue;
    auto item = std::make_unique<schema::InventoryItemT>();
    item->sandbox_id = r.sandbox_id;
    item->present = r.present;
    item->version = r.version;
    out.items.push_back(std::move(item));
  }
  return out;
}

} // namespace varve::runner
