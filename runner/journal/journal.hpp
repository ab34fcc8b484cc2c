// What the runner has begun, done and still has to tell: a RocksDB of its
// own, every write that something depends on synced.
//
//   op/<sandbox>/<operation>  JournalEntry    begun, then with its outcome
//   sb/<sandbox>              JournalSandbox
//   out/<sandbox>/<sequence>  JournalReport   until acknowledged
//   epoch/<partition>         the highest epoch heard of
//   meta/id, meta/sequence
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"
#include "schemas/operation_generated.h"

namespace varve::runner {

// Any thread. What belongs to one sandbox is written by one thread at a time.
class journal {
 public:
  // Makes one with a new id where there is none. store_failed when it cannot
  // be read or another process has it open.
  static result<std::unique_ptr<journal>> open(const std::string& path);
  ~journal();

  const std::string& id() const noexcept;

  // Rising over the life of a data directory, also when an older copy of the
  // journal is put in place: never behind the clock in microseconds.
  std::uint64_t next_sequence();

  // `entry` has no outcome and no values of env.
  // In the same write the one it claims, if any, is known no more.
  result<void> begin(const schema::JournalEntryT& entry,
                     const schema::JournalSandboxT& sandbox);
  // Keeps the outcome with its operation, and in the outbox.
  result<void> finish(const schema::JournalEntryT& entry,
                      const schema::JournalSandboxT& sandbox);
  result<void> observe(const schema::ObservationT& observation,
                       const schema::JournalSandboxT& sandbox);
  // Only in the outbox: a repeated or refused operation.
  result<void> answer(const schema::OutcomeT& outcome);
  result<void> keep(const schema::JournalSandboxT& sandbox);
  // The operation left no trace, as if it had never been asked for.
  result<void> forget(const std::string& sandbox_id,
                      const std::string& operation_id);
  // Everything about a sandbox.
  result<void> erase(const std::string& sandbox_id);
  // Outbox entries up to `sequence`; not synced, a repeated report is harmless.
  void acknowledge(std::string_view sandbox_id, std::uint64_t sequence);

  result<void> set_epoch(std::uint16_t partition, std::uint64_t epoch);

  result<std::optional<schema::JournalEntryT>>
  find(const std::string& sandbox_id, const std::string& operation_id) const;
  result<std::vector<schema::JournalSandboxT>> sandboxes() const;
  // Begun and without outcome, oldest first.
  result<std::vector<schema::JournalEntryT>> unfinished() const;
  // Reports nobody has acknowledged, in the order of their sequence.
  result<std::vector<schema::JournalReportT>> outbox() const;
  result<std::map<std::uint16_t, std::uint64_t>> epochs() const;

  // Keeps the newest `keep` finished operations of a sandbox.
  result<void> trim(const std::string& sandbox_id, std::size_t keep);

 private:
  struct impl;
  explicit journal(std::unique_ptr<impl> state);

  std::unique_ptr<impl> state_;
};

} // namespace varve::runner
