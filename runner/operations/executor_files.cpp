// Where the files of a sandbox come from, and where they go.
#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/operations/disk_steps.hpp"
#include "runner/operations/executor.hpp"
#include "runner/operations/file_steps.hpp"
#include "runner/operations/outcomes.hpp"

namespace varve::runner {

namespace {

using kind = schema::OperationKind;
using present = schema::Present;

constexpr std::uint64_t least_free_bytes = 128ull << 20;

// What was made in vain, or was left by one that was interrupted.
result<void> discard(execution& e) {
  e.layer.reset();
  return drop_files(e);
}

} // namespace

std::optional<schema::OutcomeT> executor::ensure_files(execution& e) {
  if (has_files(e))
    return std::nullopt;
  auto here = resting(e);
  if (e.operation.kind == kind::Start)
    return failed(e, {errc::not_found, "the sandbox has no files here"}, here,
                  here == present::Archived);
  if (free_bytes(e.host.where.data()) < least_free_bytes)
    return failed(e, {errc::log_full, "the runner's disk is full"}, here,
                  here == present::Archived);
  if (e.operation.kind == kind::Restore)
    return restored_files(e);
  return e.operation.spec->fork_of.empty() ? new_files(e) : forked_files(e);
}

std::optional<schema::OutcomeT> executor::new_files(execution& e) {
  auto made = run_steps(e, file_steps(), name_of(e.operation.kind));
  if (made)
    return std::nullopt;
  auto removed = discard(e);
  return failed(e, made.error(), removed ? present::Absent : present::Unclear,
                false);
}

std::optional<schema::OutcomeT> executor::forked_files(execution& e) {
  const auto& source = e.operation.spec->fork_of;
  auto known = book_.find(source);
  if (!known || known->slot >= address_plan::slots || source == e.id())
    return failed(e, {errc::not_found, "the sandbox to fork has no files here"},
                  present::Absent, false);
  auto held = host_.locks->take(source, e.deadline);
  if (!held)
    return failed(e, held.error(), present::Absent, false);
  e.source = {source, known->slot, false, held.value().wish()};
  auto made = discard(e);
  if (made)
    made = run_steps(e, fork_file_steps(), "fork");
  auto thawed = thaw_source(e);
  e.source.reset();
  if (!thawed)
    log_failure("runner", "thawing " + source + ": " + thawed.error().detail);
  if (made)
    return std::nullopt;
  auto removed = discard(e);
  return failed(e, prefixed("fork", made.error()),
                removed ? present::Absent : present::Unclear, false);
}

std::optional<schema::OutcomeT> executor::restored_files(execution& e) {
  auto made = discard(e);
  if (made)
    made = run_steps(e, restore_file_steps(), "restore");
  if (made)
    return std::nullopt;
  if (auto removed = discard(e); !removed)
    log_failure("runner", removed.error().detail);
  auto here = resting(e);
  return failed(e, prefixed("restore", made.error()), here,
                here == present::Archived);
}

schema::OutcomeT executor::archive(execution& e) {
  auto now = present_of(e);
  if (now == present::Archived)
    return done(e, now);
  if (now != present::Stopped)
    return failed(e, {errc::wrong_state, "the sandbox is not stopped"}, now,
                  now != present::Absent);
  auto put_aside = run_steps(e, end_steps(), "clean");
  if (put_aside)
    put_aside = run_steps(e, archive_steps(), "archive");
  if (put_aside)
    return done(e, present::Archived);
  now = resting(e);
  // Complete files are worth more than an archive of them that is in doubt.
  if (now == present::Stopped)
    if (auto removed = host_.archives->remove(e.id()); !removed)
      log_failure("runner", removed.error().detail);
  return failed(e, prefixed("archive", put_aside.error()), now, true);
}

} // namespace varve::runner
