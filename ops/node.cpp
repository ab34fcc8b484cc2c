#include "ops/node.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "actors/host/control_host.hpp"
#include "events/base/logging.hpp"
#include "events/local_store.hpp"
#include "events/vault.hpp"
#include "gateway/gateway.hpp"
#include "gateway/objects/gateway_with_objects.hpp"
#include "gateway/objects/object_store.hpp"
#include "ops/backup.hpp"
#include "ops/bootstrap.hpp"
#include "ops/files.hpp"
#include "ops/log_history.hpp"
#include "ops/log_place.hpp"
#include "ops/node_log.hpp"
#include "ops/runner_link.hpp"
#include "projections/projector.hpp"
#include "runner/host/runner_host.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::ops {

namespace {

using namespace std::chrono_literals;

sandbox::status status_of(projections::sandbox_state state) noexcept {
  using from = projections::sandbox_state;
  using to = sandbox::status;
  switch (state) {
  case from::pending_build:
    return to::resolving;
  case from::pulling_snapshot:
  case from::building_snapshot:
    return to::pulling;
  case from::creating:
    return to::creating;
  case from::started:
    return to::started;
  case from::stopping:
    return to::stopping;
  case from::stopped:
    return to::stopped;
  case from::starting:
    return to::starting;
  case from::pausing:
    return to::pausing;
  case from::paused:
    return to::paused;
  case from::resuming:
    return to::resuming;
  case from::resizing:
    return to::adjusting;
  case from::archiving:
    return to::archiving;
  case from::archived:
    return to::archived;
  case from::restoring:
    return to::restoring;
  case from::error:
    return to::error;
  case from::destroying:
    return to::destroying;
  case from::destroyed:
    return to::destroyed;
  }
  return to::absent;
}

std::string sibling(const std::string& given, std::string_view name,
                    std::string_view in_build_tree) {
  if (!given.empty())
    return given;
  std::error_code problem;
  auto self = std::filesystem::read_symlink("/proc/self/exe", problem);
  auto beside = self.parent_path() / name;
  if (std::filesystem::exists(beside, problem))
    return beside.string();
  return (self.parent_path().parent_path() / in_build_tree).string();
}

} // namespace

// In the order of their making; ended in the reverse by stop().
struct node::parts {
  options chosen;
  system_clock time;
  std::optional<file_lock> lock;
  std::unique_ptr<log::local_store> store;
  std::string name; // on the log
  std::unique_ptr<log::event_log> log;
  std::unique_ptr<log_history> past;
  std::unique_ptr<vault> secrets;
  std::unique_ptr<projections::projector> projector;
  std::unique_ptr<log_follower> follower;         // of a log elsewhere
  std::shared_ptr<gateway::object_store> objects; // also for builds
  std::unique_ptr<caf::actor_system_config> config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<host::control_host> control;
  std::unique_ptr<runner_link> link;
  std::unique_ptr<runner::runner_host> runner;
  std::unique_ptr<gateway::gateway> front;

  result<void> open_state();
  result<void> start_actors(std::function<void()> on_unusable);
  result<void> start_gateway();
  result<void> start_runner();
  result<void> take_back_creates();
  result<void> await_head();
  void stop();
};

result<void> node::parts::open_state() {
  VARVE_TRY(auto taken, file_lock::take(chosen.data_dir + "/lock"));
  lock = std::move(taken);
  log_info("node", "opening the log in " + chosen.data_dir);
  VARVE_TRY(auto opened,
            log::local_store::open({.path = chosen.data_dir + "/log"}));
  store = std::move(opened);
  VARVE_TRY(name, node_name(chosen.data_dir));
  VARVE_TRY(log, open_log(chosen, *store, time, name));
  past = std::make_unique<log_history>(*store);
  VARVE_TRY(auto* keys, store->family("keys"));
  VARVE_TRY(auto safe, vault::open(store->database(), *keys,
                                   chosen.data_dir + "/master.key"));
  secrets = std::move(safe);
  VARVE_TRY(auto reads, projections::projector::open(*store));
  projector = std::move(reads);
  if (is_elsewhere(chosen))
    follower = std::make_unique<log_follower>(
        *log, [this](auto records) { projector->publish(records); });
  VARVE_TRY(auto contexts,
            gateway::object_store::open(chosen.data_dir + "/objects", time));
  objects = std::move(contexts);
  return ok();
}

result<void> node::parts::start_actors(std::function<void()> on_unusable) {
  config = host::make_system_config();
  system = std::make_unique<caf::actor_system>(*config);
  host::host_options settings;
  settings.log = log.get();
  settings.store = store.get();
  settings.secrets = secrets.get();
  settings.time = &time;
  settings.node = name;
  settings.address = chosen.listen;
  settings.on_committed = [this](std::span<const log::record_ptr> records) {
    projector->publish(records);
  };
  settings.placed_on = [this](std::string_view runner_id)
      -> result<std::vector<host::placed_sandbox>> {
    VARVE_TRY(auto views, projector->answers().sandboxes_on(runner_id));
    std::vector<host::placed_sandbox> out;
    out.reserve(views.size());
    for (auto& view : views)
      out.push_back({std::move(view.id), status_of(view.state)});
    return out;
  };
  settings.log_is_elsewhere = is_elsewhere(chosen);
  settings.on_unusable = [on_unusable](const error& e) {
    log_failure("node", "the log cannot be written any more: " + e.detail);
    on_unusable();
  };
  VARVE_TRY(auto started,
            host::control_host::start(*system, std::move(settings)));
  control = std::move(started);
  link = std::make_unique<runner_link>(*control, projector->answers(), *secrets,
                                       chosen.warm_count);
  return ok();
}

result<void> node::parts::start_gateway() {
  gateway::gateway_options settings;
  settings.listen = chosen.listen;
  settings.public_url = chosen.public_url;
  settings.tls_cert = chosen.tls_cert;
  settings.tls_key = chosen.tls_key;
  settings.admin_socket = chosen.data_dir + "/admin.sock";
  settings.starts = [this] {
    auto now = link->starts();
    return gateway::start_queue{now.waiting, now.working};
  };
  gateway::admin_hooks hooks;
  hooks.backup = [this](const std::string& directory) {
    return back_up(*store, chosen.data_dir, directory);
  };
  hooks.rebuild = [this](const std::string& projection) -> result<void> {
    if (!projection.empty())
      return failure(errc::unsupported, "projections are rebuilt together");
    return projector->rebuild();
  };
  hooks.flush = [this] { return projector->flush(); };
  hooks.status = [this] {
    auto limit = link->disk_limit();
    return "{\"inFlight\":" + std::to_string(control->in_flight())
           + ",\"aggregatesInMemory\":"
           + std::to_string(control->aggregates_in_memory())
           + ",\"startsWaiting\":" + std::to_string(link->starts().waiting)
           + ",\"startsWorking\":" + std::to_string(link->starts().working)
           + ",\"diskLimit\":\"" + std::string{limit} + "\"}";
  };
  VARVE_TRY(auto started,
            gateway::start_with_objects(
                std::move(settings), *control, projector->answers(), *secrets,
                *link, *past, time, std::move(hooks), objects));
  front = std::move(started);
  return ok();
}

result<void> node::parts::start_runner() {
  VARVE_TRY(auto opened,
            runner::runner_host::open(*system, runner_settings(chosen), *link));
  runner = std::move(opened);
  link->set(runner.get());
  auto total = runner->total();
  RegisterRunner what;
  what.runner_id = runner->runner_id();
  what.region = region;
  what.journal_id = runner->journal_id();
  what.capacity =
      schema::Resources{total.cpu_millis, total.memory_mib, total.disk_gib, 0};
  what.runtime = chosen.runtime;
  bootstrap first{*control, projector->answers(), time, chosen.data_dir};
  VARVE_CHECK(first.register_runner(std::move(what)));
  VARVE_CHECK(first.run());
  control->set_runner(link.get(), runner->runner_id(), runner->journal_id());
  link->hear();
  runner->request_inventory();
  VARVE_CHECK(link->pools_changed());
  return ok();
}

// Below the runner's folder of what is gone with the machine.
result<void> node::parts::take_back_creates() {
  auto settings = runner_settings(chosen);
  VARVE_TRY(auto where,
            runner::layout::open(settings.data_dir, settings.run_dir));
  return front->note_creates(where.run() + "/unanswered_creates");
}

result<void> node::parts::await_head() {
  auto until = std::chrono::steady_clock::now() + 600s;
  while (!projector->head_reached()) {
    if (std::chrono::steady_clock::now() > until)
      return failure(errc::timed_out, "the read models do not catch up");
    std::this_thread::sleep_for(5ms);
  }
  return ok();
}

void node::parts::stop() {
  if (front)
    front->stop();
  if (control)
    control->stop(9s);
  if (runner)
    runner->shutdown();
  if (control)
    control->set_runner(nullptr, {}, {});
  if (link)
    link->set(nullptr);
  front.reset();
  runner.reset();
  control.reset();
  link.reset();
  objects.reset();
  system.reset();
  config.reset();
  follower.reset();
  projector.reset();
  secrets.reset();
  past.reset();
  log.reset();
  store.reset();
}

result<std::unique_ptr<node>> node::start(const options& chosen,
                                          std::function<void()> on_unusable) {
  auto all = std::make_unique<parts>();
  all->chosen = chosen;
  std::unique_ptr<node> out{new node{std::move(all)}};
  auto& p = *out->parts_;
  VARVE_CHECK(p.open_state());
  VARVE_CHECK(p.start_actors(std::move(on_unusable)));
  VARVE_CHECK(p.start_gateway());
  VARVE_CHECK(p.await_head());
  VARVE_CHECK(p.start_runner());
  VARVE_CHECK(p.take_back_creates());
  p.front->set_ready(true);
  return out;
}

node::node(std::unique_ptr<parts> all) : parts_(std::move(all)) {
  // nop
}

node::~node() {
  parts_->stop();
}

std::uint16_t node::port() const noexcept {
  return parts_->front->port();
}

runner::config runner_settings(const options& chosen) {
  runner::config out;
  out.data_dir = chosen.data_dir;
  if (!chosen.run_dir.empty())
    out.run_dir = chosen.run_dir;
  out.toolbox_path = sibling(chosen.toolbox_path, "varve-toolbox",
                             "runner/toolbox/varve-toolbox");
  out.monitor_path = sibling(chosen.monitor_path, "varve-monitor",
                             "runner/monitor/varve-monitor");
  out.unpack_path =
      sibling(chosen.unpack_path, "varve-unpack", "runner/varve-unpack");
  out.cell_path = sibling(chosen.cell_path, "varve-cell", "runner/varve-cell");
  out.contexts_dir = chosen.data_dir + "/objects";
  out.builds.time = std::chrono::seconds{chosen.build_seconds};
  out.builds.cpu_millis = chosen.build_cpus * 1000;
  out.builds.memory_mib = chosen.build_memory_mib;
  out.builds.disk_gib = chosen.build_disk_gib;
  out.registries_conf = chosen.registries_conf;
  out.registry_auth = chosen.registry_auth;
  out.runtime = chosen.runtime;
  out.disk_limit = chosen.disk_limit;
  out.concurrent_starts = chosen.concurrent_starts;
  out.warm_count = chosen.warm_count;
  out.warm_memory_mib = chosen.warm_memory_mib;
  // Tests restart the machine this way.
  if (const auto* file = std::getenv("VARVE_BOOT_ID_FILE"))
    out.boot_id_file = file;
  return out;
}

} // namespace varve::ops
