#include "actors/host/model.hpp"

#include <set>

#include "actors/host/sandbox_model.hpp"
#include "actors/organization/decide.hpp"
#include "actors/runner/state.hpp"
#include "actors/snapshot/decide.hpp"

namespace varve::host {

namespace {

result<consideration> considered(result<decision> d) {
  if (!d)
    return std::move(d).error();
  return consideration{std::move(d).value()};
}

result<consideration> not_mine() {
  return failure(errc::unsupported, "No such command for this aggregate");
}

class organization_model final : public aggregate_model {
 public:
  explicit organization_model(std::string id) : aggregate_model(std::move(id)) {
    // nop
  }

  result<consideration> consider(const delivery& d,
                                 const decision_context& context) override {
    auto decide = [&](const auto& c) {
      return considered(
          organization::decide(state_, c, {id_, context, promised_}));
    };
    if (const auto* c = std::get_if<CreateSandbox>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<CreateSnapshot>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<StartSandbox>(&d.what))
      return admit(c->sandbox_id);
    if (const auto* c = std::get_if<RecoverSandbox>(&d.what))
      return admit(c->sandbox_id, c->skip_start ? organization::holding::disk
                                                : organization::holding::all);
    if (const auto* c = std::get_if<ResizeSandbox>(&d.what))
      return admit(*c);
    if (const auto* c = std::get_if<CreateOrganization>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<CreateApiKey>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<RevokeApiKey>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<SetWarmPool>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<RemoveWarmPool>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<SetQuota>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<AddDockerRegistry>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<ChangeDockerRegistry>(&d.what))
      return decide(*c);
    if (const auto* c = std::get_if<RemoveDockerRegistry>(&d.what))
      return decide(*c);
    if (std::holds_alternative<Wake>(d.what))
      return consideration{decision{}};
    return not_mine();
  }

  bool is_organization() const noexcept override {
    return true;
  }
  std::string_view organization_id() const noexcept override {
    return id_;
  }
  void settle(const std::string& sandbox_id) override {
    auto found = promises_.find(sandbox_id);
    if (found == promises_.end() || --found->second > 0)
      return;
    promises_.erase(found);
    promised_.erase(sandbox_id);
    resizing_.erase(sandbox_id);
  }

 private:
  void evolve(const schema::Entry& entry, const envelope& around) override {
    organization::evolve(state_, entry, around);
  }

  // A start and a resize are not admitted beside each other: each was
  // measured without the other.
  static error changing() {
    return {errc::conflict, "Sandbox state change in progress"};
  }

  result<consideration> admit(const ResizeSandbox& c) {
    if (promises_.contains(c.sandbox_id))
      return changing();
    VARVE_TRY(auto more, organization::admit_resize(state_, c, promised_));
    resizing_.insert(c.sandbox_id);
    return promise(c.sandbox_id, more);
  }

  result<consideration>
  admit(const std::string& sandbox_id,
        organization::holding wanted = organization::holding::all) {
    if (resizing_.contains(sandbox_id))
      return changing();
    VARVE_TRY(auto more,
              organization::admit_start(state_, sandbox_id, promised_, wanted));
    return promise(sandbox_id, more);
  }

  consideration promise(const std::string& sandbox_id,
                        const organization::amounts& more) {
    ++promises_[sandbox_id];
    if (!(more == organization::amounts{}))
      promised_[sandbox_id] = more;
    return admitted_start{sandbox_id};
  }

  organization::state state_;
  organization::reservations promised_;
  std::set<std::string> resizing_;
  // How many starts and resizes of a sandbox are on their way.
  std::unordered_map<std::string, unsigned> promises_;
};

class snapshot_model final : public aggregate_model {
 public:
  explicit snapshot_model(std::string id) : aggregate_model(std::move(id)) {
    // nop
  }
  result<consideration> consider(const delivery& d,
                                 const decision_context& context) override {
    auto decide = [&](const auto& what) -> result<consideration> {
      if constexpr (std::is_constructible_v<snapshot::input, decltype(what)>)
        return considered(snapshot::decide(
            state_, what, d.origin.organization_id, context.now));
      else
        return not_mine();
    };
    return std::visit(decide, d.what);
  }
  timestamp changed_at() const noexcept override {
    return state_.changed_at;
  }
  std::optional<due_operation> owed() const override {
    auto operation = snapshot::owed_operation(state_);
    if (!operation)
      return std::nullopt;
    due_operation out;
    out.operation = std::move(*operation);
    out.snapshot_id = id_;
    out.image = state_.image;
    out.build.dockerfile = state_.dockerfile;
    out.build.context_hashes = state_.context_hashes;
    out.organization_id = state_.organization_id;
    out.runner_id = state_.runner_id;
    return out;
  }
  std::string_view organization_id() const noexcept override {
    return state_.organization_id;
  }

 private:
  void evolve(const schema::Entry& entry, const envelope& around) override {
    snapshot::evolve(state_, entry, around);
  }
  snapshot::state state_;
};

class runner_model final : public aggregate_model {
 public:
  explicit runner_model(std::string id) : aggregate_model(std::move(id)) {
    // nop
  }
  result<consideration> consider(const delivery& d,
                                 const decision_context&) override {
    if (const auto* c = std::get_if<RegisterRunner>(&d.what))
      return considered(runner_aggregate::decide(state_, *c));
    return not_mine();
  }

 private:
  void evolve(const schema::Entry& entry, const envelope& around) override {
    runner_aggregate::evolve(state_, entry, around);
  }
  runner_aggregate::state state_;
};

} // namespace

std::unique_ptr<aggregate_model>
aggregate_model::make(const aggregate_key& key) {
  switch (key.type) {
  case schema::AggregateType::Sandbox:
    return make_sandbox_model(key.id);
  case schema::AggregateType::Organization:
    return std::make_unique<organization_model>(key.id);
  case schema::AggregateType::Snapshot:
    return std::make_unique<snapshot_model>(key.id);
  case schema::AggregateType::Runner:
    return std::make_unique<runner_model>(key.id);
  case schema::AggregateType::None:
  case schema::AggregateType::Volume:
  case schema::AggregateType::Log:
    break;
  }
  return nullptr;
}

result<void> aggregate_model::fold(const log::record& r) {
  std::uint16_t place = 0;
  for (const auto* entry : *r.view().entries()) {
    envelope around{r.view(), place++};
    auto mine = is_organization() ? entry->organization_version() != 0
                                  : entry->aggregate_id()->string_view() == id_;
    if (!mine)
      continue;
    auto version =
        is_organization() ? entry->organization_version() : entry->version();
    if (version <= version_)
      continue;
    if (version != version_ + 1)
      return failure(errc::log_corrupt, "The stream of " + id_
                                            + " has a gap after version "
                                            + std::to_string(version_));
    evolve(*entry, around);
    version_ = version;
  }
  return ok();
}

} // namespace varve::host
