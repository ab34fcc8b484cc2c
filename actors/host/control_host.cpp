#include "actors/host/control_host.hpp"

#include <thread>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/scoped_actor.hpp>

#include "actors/host/effects.hpp"
#include "actors/host/foreign_thread.hpp"
#include "actors/host/log_writer.hpp"
#include "actors/host/reader.hpp"
#include "actors/host/timers.hpp"

namespace varve::host {

namespace {

constexpr std::size_t longest_id = 128;

template <class F, class... Ts>
auto spawn_blocking(caf::actor_system& system, bool own_thread, F f,
                    Ts&&... xs) {
  return own_thread ? system.spawn<caf::detached>(f, std::forward<Ts>(xs)...)
                    : system.spawn(f, std::forward<Ts>(xs)...);
}

// Which aggregate a command goes to first.
struct addressing {
  const command_origin& origin;

  aggregate_key organization() const {
    return {schema::AggregateType::Organization, origin.organization_id};
  }
  static aggregate_key sandbox(const std::string& id) {
    return {schema::AggregateType::Sandbox, id};
  }

  aggregate_key operator()(const CreateOrganization&) const {
    return organization();
  }
  aggregate_key operator()(const CreateApiKey&) const {
    return organization();
  }
  aggregate_key operator()(const RevokeApiKey&) const {
    return organization();
  }
  aggregate_key operator()(const SetWarmPool&) const {
    return organization();
  }
  aggregate_key operator()(const RemoveWarmPool&) const {
    return organization();
  }
  aggregate_key operator()(const SetQuota&) const {
    return organization();
  }
  aggregate_key operator()(const AddDockerRegistry&) const {
    return organization();
  }
  aggregate_key operator()(const ChangeDockerRegistry&) const {
    return organization();
  }
  aggregate_key operator()(const RemoveDockerRegistry&) const {
    return organization();
  }
  aggregate_key operator()(const CreateSandbox&) const {
    return organization();
  }
  aggregate_key operator()(const StartSandbox&) const {
    return organization();
  }
  aggregate_key operator()(const RecoverSandbox&) const {
    return organization();
  }
  aggregate_key operator()(const ResizeSandbox&) const {
    return organization();
  }
  aggregate_key operator()(const StopSandbox& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const DestroySandbox& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const ReplaceLabels& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const RotateSigningKey& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const PauseSandbox& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const ArchiveSandbox& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const ForkSandbox& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const SetNetwork& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const SetTimers& c) const {
    return sandbox(c.sandbox_id);
  }
  aggregate_key operator()(const SetPublic& c) const {
    return sandbox(c.sandbox_id);
  }
  static aggregate_key snapshot(const std::string& id) {
    return {schema::AggregateType::Snapshot, id};
  }

  aggregate_key operator()(const RegisterSnapshot& c) const {
    return snapshot(c.snapshot_id);
  }
  aggregate_key operator()(const CreateSnapshot&) const {
    return organization();
  }
  aggregate_key operator()(const ActivateSnapshot& c) const {
    return snapshot(c.snapshot_id);
  }
  aggregate_key operator()(const DeactivateSnapshot& c) const {
    return snapshot(c.snapshot_id);
  }
  aggregate_key operator()(const RemoveSnapshot& c) const {
    return snapshot(c.snapshot_id);
  }
  aggregate_key operator()(const RegisterRunner& c) const {
    return {schema::AggregateType::Runner, c.runner_id};
  }
};

result<void> check(const aggregate_key& to, const command& what,
                   const command_origin& origin) {
  auto usable = [](const std::string& id) {
    return !id.empty() && id.size() <= longest_id;
  };
  auto fine = usable(to.id) && origin.organization_id.size() <= longest_id
              && origin.command_id.size() <= longest_id;
  auto check_ids = [&](const auto& c) {
    if constexpr (requires { c.sandbox_id; })
      fine = fine && usable(c.sandbox_id);
    else if constexpr (requires { c.snapshot_id; })
      fine = fine && usable(c.snapshot_id);
  };
  std::visit(check_ids, what);
  if (!fine)
    return failure(errc::invalid, "An id is missing or too long");
  return ok();
}

} // namespace

std::unique_ptr<caf::actor_system_config> make_system_config() {
  auto out = std::make_unique<caf::actor_system_config>();
  out->set("scheduler.policy", caf::atom("sharing"));
  out->set("scheduler.max-threads", std::size_t{2});
  return out;
}

control_host::control_host(caf::actor_system& system, core_ptr shared)
    : system_(system), core_(std::move(shared)) {
  // nop
}

control_host::~control_host() {
  stop(std::chrono::milliseconds{0});
}

result<std::unique_ptr<control_host>>
control_host::start(caf::actor_system& system, host_options options) {
  auto shared = std::make_shared<core>(system, std::move(options));
  const auto& o = shared->options;
  auto commits =
      std::make_shared<committer>(*o.log, *o.store, *o.time, o.node, o.address);
  VARVE_TRY(auto begun, commits->begin_epoch());
  show_term(*shared, *commits);
  if (o.on_committed)
    o.on_committed(begun);
  foreign_thread untied;
  auto own = o.own_threads;
  shared->reader = spawn_blocking(system, own, reader, shared);
  shared->effects = spawn_blocking(system, own, effects, shared);
  shared->log_writer = spawn_blocking(system, own, log_writer, shared, commits);
  shared->timers = spawn_blocking(system, own, timers, shared);
  shared->housekeeper = system.spawn(housekeeper, shared);
  return std::unique_ptr<control_host>{new control_host{system, shared}};
}

void control_host::set_runner(runner_port* port, std::string runner_id,
                              std::string journal_id) {
  core_->runner.set(port, std::move(runner_id), std::move(journal_id));
  if (port != nullptr)
    caf::anon_send(core_->effects, signal::resend);
}

void control_host::submit(command what, command_origin origin,
                          std::function<void(result<command_reply>)> done) {
  auto to = std::visit(addressing{origin}, what);
  if (!core_->open)
    return done(failure(errc::shutting_down, "The server is shutting down"));
  if (auto fine = check(to, what, origin); !fine)
    return done(std::move(fine).error());
  // Nothing waits for a log that is known to be out of reach.
  if (core_->options.log_is_elsewhere && core_->term == 0)
    return done(
        failure(errc::log_unavailable, "The log cannot be written now"));
  auto input =
      std::visit([](auto& c) { return aggregate_input{std::move(c)}; }, what);
  auto d = std::make_shared<delivery>(std::move(to), std::move(input),
                                      std::move(origin), std::move(done));
  d->begun_tick = core_->aggregates.now();
  if (auto admitted = core_->aggregates.admit(*d); !admitted)
    return d->answer(std::move(admitted).error());
  core_->aggregates.deliver(d);
}

namespace {

// Acknowledges a report once what it means is on the log, or that it means
// nothing; otherwise the runner will send it again.
template <class Report, class Input>
void put_report(core_ptr shared, Report report) {
  command_origin origin;
  origin.principal = "runner:" + shared->runner.runner_id();
  origin.cause = schema::Cause::RunnerReport;
  if constexpr (requires { report.operation_id; })
    origin.command_id = report.operation_id;
  aggregate_key to{schema::AggregateType::Sandbox, report.sandbox_id};
  if constexpr (requires { report.snapshot_id; })
    if (!report.snapshot_id.empty())
      to = {schema::AggregateType::Snapshot, report.snapshot_id};
  auto acknowledge = [shared, id = report.sandbox_id,
                      sequence = report.sequence](result<command_reply> r) {
    if (r)
      shared->runner.acknowledge(id, sequence);
  };
  if (!shared->open || to.id.empty() || to.id.size() > longest_id)
    return;
  auto d =
      std::make_shared<delivery>(std::move(to), Input{std::move(report)},
                                 std::move(origin), std::move(acknowledge));
  d->begun_tick = shared->aggregates.now();
  shared->aggregates.deliver(d);
}

} // namespace

void control_host::outcome(schema::OutcomeT report) {
  put_report<schema::OutcomeT, sandbox::RunnerAnswered>(core_,
                                                        std::move(report));
}

void control_host::observation(schema::ObservationT report) {
  put_report<schema::ObservationT, sandbox::RunnerObserved>(core_,
                                                            std::move(report));
}

void control_host::inventory(schema::InventoryT report) {
  if (core_->open)
    caf::anon_send(
        core_->effects,
        inventory_ptr{std::make_shared<schema::InventoryT>(std::move(report))});
}

void control_host::close() {
  core_->open = false;
}

void control_host::stop(std::chrono::milliseconds patience) {
  if (std::exchange(ended_, true))
    return;
  close();
  auto until = std::chrono::steady_clock::now() + patience;
  while (in_flight() != 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  end();
  if (!core_->options.own_threads)
    return;
  // Joins the threads that use the ports: a commit under way ends by itself.
  foreign_thread untied;
  caf::scoped_actor self{system_};
  self->wait_for(core_->housekeeper, core_->timers, core_->effects,
                 core_->reader, core_->log_writer);
}

void control_host::end() {
  ended_ = true;
  core_->open = false;
  core_->runner.set(nullptr, {}, {});
  core_->aggregates.close();
  caf::anon_send(core_->housekeeper, signal::end);
  caf::anon_send(core_->timers, signal::end);
  caf::anon_send(core_->effects, signal::end);
  caf::anon_send(core_->reader, signal::end);
  caf::anon_send(core_->log_writer, signal::end);
}

std::size_t control_host::in_flight() const {
  return core_->aggregates.in_flight();
}

std::size_t control_host::aggregates_in_memory() const {
  return core_->aggregates.in_memory();
}

} // namespace varve::host
