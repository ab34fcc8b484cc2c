// What is known of every sandbox, in memory, over the journal: who may still
// be heard (fencing), slots, presence, the outbox.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "events/base/clock.hpp"
#include "events/base/result.hpp"
#include "runner/journal/journal.hpp"
#include "runner/operations/machine.hpp"
#include "schemas/operation_generated.h"

namespace varve::runner {

// Any thread; at most one thread at a time for one sandbox.
class ledger {
 public:
  static result<std::unique_ptr<ledger>> open(const machine& host,
                                              std::unique_ptr<journal> book);

  const std::string& journal_id() const noexcept {
    return book_->id();
  }

  // Do it; or this is its answer without any work.
  struct go_on {
    schema::JournalEntryT entry; // begun, already on the journal
    std::uint32_t slot;
    std::string image_ref;
  };
  struct answered {
    schema::OutcomeT outcome;
  };
  // What the fences say, then what an earlier time said, else `begun` is
  // journalled. `resumed`: the runner itself finishes what it began. A create
  // takes the place of `waiting`, if any; the entry says so, and it is known
  // no more.
  result<std::variant<go_on, answered>>
  admit(const schema::OperationT& operation, bool resumed,
        const std::string& waiting = {});

  // Gives a slot to one that is to wait, before anything of it is made.
  result<schema::JournalSandboxT> hold_place(const std::string& id,
                                             const schema::SandboxSpecT& spec);

  // A tombstone too.
  std::optional<schema::JournalSandboxT> find(const std::string& id) const;

  // The present state is kept for the sandbox; an absent one that existed
  // becomes a tombstone.
  result<schema::OutcomeT> finish(schema::JournalEntryT entry,
                                  schema::OutcomeT outcome);
  // The sandbox changed by itself. Nothing when that is known already.
  result<std::optional<schema::ObservationT>>
  observe(schema::ObservationT observation);
  // What happened to one that the journal knows to be as it says.
  result<schema::ObservationT> remark(schema::ObservationT observation);
  void acknowledge(std::string_view sandbox_id, std::uint64_t sequence);

  // For recovery.
  std::vector<schema::JournalSandboxT> sandboxes() const; // no tombstones
  result<std::vector<schema::JournalEntryT>> unfinished() const;
  result<std::vector<schema::JournalReportT>> outbox() const;
  result<void> forget(const schema::JournalEntryT& entry);
  // A sandbox the journal does not know, found with files.
  result<void> adopt(const std::string& id, std::uint32_t slot,
                     const std::string& image_ref, std::uint64_t version,
                     schema::Present present);
  result<void> set_present(const std::string& id, schema::Present present);
  // Its files are in an archive, and its slot is free.
  result<void> set_archived(const std::string& id);
  // It existed, but has no files any more: absent, and its slot is free.
  result<void> set_lost(const std::string& id);
  result<void> erase(const std::string& id);
  result<void> erase_old_tombstones();
  // For an answer that never reached the journal.
  std::uint64_t next_sequence() {
    return book_->next_sequence();
  }

  schema::InventoryT inventory(const std::string& runner_id) const;

 private:
  ledger() = default;

  using record = schema::JournalSandboxT;
  using decision = std::variant<go_on, answered>;

  std::optional<schema::OutcomeT>
  refuse(const schema::OperationT& operation) const;
  result<decision> answer(schema::OutcomeT outcome);
  result<decision> answer_unknown(const schema::OperationT& operation);
  result<decision> begin(const schema::OperationT& operation, record r,
                         const std::string& claims = {});
  std::optional<record> find_waiting(const std::string& id,
                                     const schema::OperationT& operation) const;
  result<void> note_epoch(const schema::OperationT& operation);
  std::optional<std::uint32_t> free_slot_locked();
  result<record> give_slot(record r);
  void take_back(const std::string& id, const std::optional<record>& before);
  result<void> keep(const record& r);
  result<void> set_without_files(const std::string& id, schema::Present now);
  void put(const record& r);

  const machine* host_ = nullptr;
  std::unique_ptr<journal> book_;
  system_clock clock_;
  mutable std::mutex guard_; // of everything below
  std::map<std::string, record, std::less<>> records_;
  std::map<std::uint16_t, std::uint64_t> epochs_;
  std::uint32_t next_slot_ = 0;
};

schema::OutcomeT make_outcome(const schema::OperationT& operation,
                              schema::Result result, std::string error);

} // namespace varve::runner
