#include "actors/host/sandbox_model.hpp"

namespace varve::host {

namespace {

std::optional<sandbox::input> input_of(const delivery& d) {
  return std::visit(
      [](const auto& what) -> std::optional<sandbox::input> {
        if constexpr (std::is_constructible_v<sandbox::input, decltype(what)>)
          return sandbox::input{what};
        else
          return std::nullopt;
      },
      d.what);
}

bool is_report(const delivery& d) noexcept {
  return std::holds_alternative<sandbox::RunnerAnswered>(d.what)
         || std::holds_alternative<sandbox::RunnerObserved>(d.what)
         || std::holds_alternative<sandbox::RunnerListed>(d.what);
}

// What the report says is there, when that is something to act on. The answer
// to a correction is not: repeating one at once would go on for ever.
std::optional<schema::Present> claim_of(const delivery& d) noexcept {
  if (const auto* listed = std::get_if<sandbox::RunnerListed>(&d.what))
    return listed->present;
  if (const auto* seen = std::get_if<sandbox::RunnerObserved>(&d.what))
    return seen->report.present;
  const auto* answered = std::get_if<sandbox::RunnerAnswered>(&d.what);
  if (answered == nullptr)
    return std::nullopt;
  const auto& r = answered->report;
  auto makes = r.kind == schema::OperationKind::Create
               || r.kind == schema::OperationKind::Start
               || r.kind == schema::OperationKind::Restore
               || r.kind == schema::OperationKind::Resume;
  return makes && r.result == schema::Result::Done ? std::optional{r.present}
                                                   : std::nullopt;
}

class sandbox_model final : public aggregate_model {
 public:
  explicit sandbox_model(std::string id) : aggregate_model(std::move(id)) {
    // nop
  }

  result<consideration> consider(const delivery& d,
                                 const decision_context& context) override {
    auto what = input_of(d);
    if (!what)
      return consideration{decision{}}; // a wake
    if (is_report(d)) {
      if (is_elsewhere(d))
        return consideration{decision{}};
    } else if (d.is_command() && !is_of(d.origin.organization_id)) {
      return failure(errc::not_found, "Sandbox not found");
    }
    auto decided = sandbox::decide(state_, *what, context);
    if (!decided)
      return std::move(decided).error();
    if (std::holds_alternative<ForkSandbox>(d.what))
      return consideration{granted_fork{}};
    return consideration{std::move(decided).value()};
  }

  std::string_view organization_id() const noexcept override {
    return state_.organization_id;
  }
  timestamp changed_at() const noexcept override {
    return state_.changed_at;
  }

  std::optional<due_operation> owed() const override {
    auto operation = sandbox::owed_operation(state_);
    if (!operation)
      return std::nullopt;
    due_operation out;
    out.operation = std::move(*operation);
    out.has = state_.has;
    out.sandbox_id = id_;
    out.organization_id = state_.organization_id;
    out.runner_id = state_.runner_id;
    return out;
  }

  std::optional<due_operation> correction(const delivery& d) const override {
    auto present = claim_of(d);
    if (!present)
      return std::nullopt;
    auto kind = sandbox::correction_for(state_, *present);
    if (is_elsewhere(d))
      kind = *present == schema::Present::Absent
                 ? schema::OperationKind::None
                 : schema::OperationKind::Destroy;
    if (kind == schema::OperationKind::None)
      return std::nullopt;
    due_operation out;
    out.operation.kind = kind;
    out.operation.version = version();
    out.operation.force = true;
    out.sandbox_id = id_;
    out.organization_id = state_.organization_id;
    out.runner_id = reporter(d);
    return out;
  }

 private:
  void evolve(const schema::Entry& entry, const envelope& around) override {
    sandbox::evolve(state_, entry, around);
  }

  bool is_of(std::string_view organization_id) const noexcept {
    return version() == 0 || state_.organization_id == organization_id;
  }

  static std::string_view reporter(const delivery& d) noexcept {
    constexpr std::string_view prefix = "runner:";
    std::string_view principal = d.origin.principal;
    if (principal.starts_with(prefix))
      principal.remove_prefix(prefix.size());
    return principal;
  }

  // Reported by a runner that the log does not place it on.
  bool is_elsewhere(const delivery& d) const noexcept {
    return version() != 0 && state_.runner_id != reporter(d);
  }

  sandbox::state state_;
};

} // namespace

std::unique_ptr<aggregate_model> make_sandbox_model(std::string id) {
  return std::make_unique<sandbox_model>(std::move(id));
}

} // namespace varve::host
