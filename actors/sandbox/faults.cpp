#include "actors/sandbox/faults.hpp"

namespace varve::sandbox {

namespace {

constexpr std::size_t longest_reason = 1024;

std::string_view doing(const state& s) {
  switch (s.at) {
  case status::resolving:
    return "looking up the image of";
  case status::pulling:
    return s.is_built ? "building the image of" : "pulling the image of";
  case status::creating:
    return "creating";
  case status::starting:
    return "starting";
  case status::stopping:
    return "stopping";
  case status::pausing:
    return "pausing";
  case status::resuming:
    return "resuming";
  case status::adjusting:
    return "resizing";
  case status::archiving:
    return "archiving";
  case status::restoring:
    return "restoring";
  case status::destroying:
    return "destroying";
  case status::absent:
  case status::started:
  case status::probing:
  case status::stopped:
  case status::paused:
  case status::error:
  case status::destroyed:
  case status::archived:
    return "changing";
  }
  return "changing";
}

// Nothing of it is there that a start could use.
bool has_no_image(const state& s) noexcept {
  return s.at == status::resolving || s.at == status::pulling;
}

fault fault_of_answer(const state& s, const schema::OutcomeT& r) {
  auto starts = s.at == status::creating || s.at == status::starting
                || s.at == status::restoring || has_no_image(s);
  auto cause =
      starts ? schema::Cause::StartFailed : schema::Cause::RunnerReport;
  auto reason = r.error.empty() ? "The runner failed " + std::string{doing(s)}
                                      + " the sandbox"
                                : r.error;
  switch (r.result) {
  case schema::Result::Expired:
    return {"The runner was too busy for " + std::string{doing(s)}
                + " the sandbox",
            !has_no_image(s), cause};
  case schema::Result::Refused:
    return {"The runner refused: " + reason, !has_no_image(s), cause};
  case schema::Result::Done:
    return {reason, r.present != schema::Present::Absent, cause};
  case schema::Result::Failed:
  case schema::Result::Busy:
  case schema::Result::None:
    break;
  }
  return {reason, r.recoverable, cause};
}

} // namespace

std::string shortened(std::string text) {
  if (text.size() > longest_reason)
    text.resize(longest_reason);
  return text;
}

fault fault_of(const state& s, const input& what) {
  if (const auto* c = std::get_if<RunnerAnswered>(&what))
    return fault_of_answer(s, c->report);
  if (const auto* c = std::get_if<RunnerObserved>(&what)) {
    const auto& r = c->report;
    auto absent = r.present == schema::Present::Absent;
    return {r.detail.empty() ? "The sandbox ended unexpectedly" : r.detail,
            !absent, r.cause};
  }
  if (std::holds_alternative<RunnerListed>(what))
    return {"The runner does not have the sandbox any more", false,
            schema::Cause::Inventory};
  return {"Timeout while " + std::string{doing(s)} + " sandbox",
          !has_no_image(s), schema::Cause::Deadline};
}

} // namespace varve::sandbox
