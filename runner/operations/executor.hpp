// Executes one operation to its outcome. Blocks; any thread, at most one for
// one sandbox at a time.
#pragma once

#include "runner/operations/ledger.hpp"
#include "runner/operations/machine.hpp"
#include "runner/operations/steps.hpp"
#include "runner/operations/use_book.hpp"
#include "runner/operations/warm_pool.hpp"

namespace varve::runner {

class executor {
 public:
  // `uses` is asked whether a sandbox is idle; without one none is. Without
  // `network` none starts that may not reach everything; creates look for one
  // that waits in `waiting`.
  executor(const machine& host, ledger& book, const use_book* uses = nullptr,
           network_guard* network = nullptr, warm_pool* waiting = nullptr)
      : host_(host), book_(book), uses_(uses), network_(network),
        waiting_(waiting) {
    // nop
  }

  // What cannot even be journalled is an error: nothing was done then, and
  // the operation may be sent again. Or its outcome could not be journalled
  // (store_failed): it is still begun then. `cancel`, if any, becomes readable
  // when a start need not go on.
  result<schema::OutcomeT> execute(const schema::OperationT& operation,
                                   bool resumed = false, int cancel = -1);

  // PID 1 ended although nobody asked: removes what it left at run time.
  // Nothing when the sandbox runs, or its end is known.
  result<std::optional<schema::ObservationT>>
  examine(const std::string& sandbox_id);

 private:
  // A start that the runner finds begun and cannot repeat, since it has not
  // the secrets: it answers now, or is undone and forgotten.
  result<void> resume_start(execution& e, const schema::JournalEntryT& begun);
  result<std::variant<ledger::go_on, ledger::answered>>
  admit(const schema::OperationT& operation, bool resumed);
  schema::OutcomeT perform(execution& e);
  // Takes the one it claims; nothing when that fails: it is gone then.
  std::optional<schema::OutcomeT> take_waiting(execution& e);
  schema::OutcomeT bring_up(execution& e);
  schema::OutcomeT stop(execution& e);
  schema::OutcomeT destroy(execution& e);
  schema::OutcomeT pause(execution& e);
  schema::OutcomeT resume(execution& e);
  schema::OutcomeT adjust(execution& e);
  schema::OutcomeT archive(execution& e);
  std::optional<schema::OutcomeT> ensure_files(execution& e);
  // The answer when there can be no files; nothing when they are there.
  std::optional<schema::OutcomeT> new_files(execution& e);
  std::optional<schema::OutcomeT> forked_files(execution& e);
  std::optional<schema::OutcomeT> restored_files(execution& e);
  // The answer when it runs and was used since the operation's `idle_since`.
  std::optional<schema::OutcomeT> refuse_if_used(execution& e);

  const machine& host_;
  ledger& book_;
  const use_book* uses_;
  network_guard* network_;
  warm_pool* waiting_;
};

} // namespace varve::runner
