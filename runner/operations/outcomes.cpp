#include "runner/operations/outcomes.hpp"

#include "runner/operations/file_steps.hpp"
#include "runner/operations/ledger.hpp"
#include "runner/sandbox/freezer.hpp"
#include "runner/sandbox/sandbox_files.hpp"

namespace varve::runner {

namespace {

using present = schema::Present;
using verdict = schema::Result;

} // namespace

std::string last_words(const sandbox_end& end) {
  if (!end.exit || end.exit->text.empty())
    return {};
  return " (" + end.exit->text.substr(0, 512) + ")";
}

int exit_code(const sandbox_end& end) {
  if (!end.exit)
    return -1;
  return end.exit->signalled ? 128 + end.exit->code : end.exit->code;
}

schema::OutcomeT failed(const execution& e, const error& why, present now,
                        bool recoverable) {
  auto out = make_outcome(e.operation, verdict::Failed,
                          why.detail + last_words(e.end));
  out.present = now;
  out.recoverable = recoverable;
  out.exit_code = exit_code(e.end);
  if (now == present::Archived && e.archived)
    out.archive = described(*e.archived);
  return out;
}

schema::OutcomeT done(const execution& e, present now) {
  auto out = make_outcome(e.operation, verdict::Done, "");
  out.present = now;
  out.toolbox_version = e.toolbox_version;
  out.warm = !e.claims.empty();
  out.exit_code = exit_code(e.end);
  if (now == present::Archived && e.archived)
    out.archive = described(*e.archived);
  return out;
}

bool has_files(const execution& e) {
  return read_sandbox_record(e.host.where, e.id()).has_value();
}

present resting(execution& e) {
  if (has_files(e))
    return present::Stopped;
  return is_archived(e) ? present::Archived : present::Absent;
}

present present_of(execution& e) {
  if (find_running(e.host.where, e.id(), e.host.means.boot_id))
    return is_frozen(e.host.groups, e.id()) ? present::Paused
                                            : present::Running;
  return resting(e);
}

} // namespace varve::runner
