#include "tests/actors/host_world.hpp"

#include <cstdio>
#include <cstdlib>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include "events/embedded_log.hpp"
#include "tests/actors/mirror_vault.hpp"

namespace varve {

namespace {

struct testing_config : caf::actor_system_config {
  testing_config() {
    set("scheduler.policy", caf::atom("testing"));
  }
};

} // namespace

struct host_world::virtual_clock final : clock {
  timestamp now() const noexcept override {
    return time;
  }
  timestamp time = given::start_time;
};

// One for the whole process: the store's block cache outlives every store and
// keeps the clock of the first environment it was used with.
struct host_world::disk {
  static rocksdb::Env* env() {
    static auto* const kept = rocksdb::NewMemEnv(rocksdb::Env::Default());
    return kept;
  }
  static unsigned next() {
    static unsigned count = 0;
    return ++count;
  }
  ~disk() {
    rocksdb::Options options;
    options.env = env();
    rocksdb::DestroyDB(path, options);
  }

  std::string path = "/store-" + std::to_string(next());
};

// What dies in a crash.
struct host_world::process {
  std::unique_ptr<log::local_store> store;
  std::unique_ptr<log::embedded_log> inner;
  std::unique_ptr<gate_log> log;
  mirror_vault secrets;
  testing_config config;
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  std::size_t running = system.registry().running();
  std::unique_ptr<host::control_host> host;

  ~process() {
    if (host)
      host->end();
    for (int i = 0; i < 64 && scheduler.has_job(); ++i)
      scheduler.run(100'000);
    host.reset();
    scheduler.clock().cancel_all();
    scheduler.run();
    if (system.registry().running() > running) {
      std::fprintf(stderr, "%zu actors are left\n",
                   system.registry().running() - running);
      std::abort();
    }
  }
};

host_world::host_world(std::function<void(host::host_options&)> adapt)
    : adapt_(std::move(adapt)), clock_(std::make_unique<virtual_clock>()),
      disk_(std::make_unique<disk>()) {
  restart();
}

host_world::~host_world() = default;

void host_world::restart() {
  process_ = nullptr;
  process_ = std::make_unique<process>();
  auto& p = *process_;
  p.scheduler.clock().current_time += std::chrono::hours{1};
  log::store_options stored;
  stored.path = disk_->path;
  stored.env = disk::env();
  auto store = log::local_store::open(std::move(stored));
  INFO((store ? "" : store.error().detail));
  REQUIRE(store);
  p.store = std::move(store).value();
  p.inner = log::embedded_log::open(*p.store, *clock_).value();
  p.log = std::make_unique<gate_log>(*p.inner);
  host::host_options options;
  options.log = p.log.get();
  options.store = p.store.get();
  options.secrets = &p.secrets;
  options.time = clock_.get();
  options.node = "node-1";
  options.own_threads = false;
  options.on_committed = [this](std::span<const log::record_ptr> records) {
    committed.insert(committed.end(), records.begin(), records.end());
  };
  if (adapt_)
    adapt_(options);
  auto host = host::control_host::start(p.system, std::move(options));
  INFO((host ? "" : host.error().detail));
  REQUIRE(host);
  p.host = std::move(host).value();
  p.host->set_runner(&runner, "runner-1", "journal-1");
}

const std::vector<std::string>& host_world::erased_keys() const {
  return process_->secrets.erased;
}

void host_world::crash() {
  process_->log->next = gate_log::mood::severed;
  process_->host->set_runner(nullptr, {}, {});
  process_ = nullptr;
}

answer_place host_world::submit(command what, std::string command_id) {
  command_origin origin;
  origin.organization_id = "org-1";
  origin.principal = "key:test";
  origin.command_id = command_id.empty()
                          ? "command-" + std::to_string(++commands_)
                          : std::move(command_id);
  auto place = std::make_shared<std::optional<result<command_reply>>>();
  host().submit(std::move(what), std::move(origin),
                [place](result<command_reply> reply) {
                  REQUIRE(!place->has_value());
                  place->emplace(std::move(reply));
                });
  return place;
}

result<command_reply> host_world::ask(command what, std::string command_id) {
  auto place = submit(std::move(what), std::move(command_id));
  run();
  REQUIRE(place->has_value());
  return **place;
}

command_reply host_world::must(command what, std::string command_id) {
  auto reply = ask(std::move(what), std::move(command_id));
  INFO((reply ? "" : reply.error().detail));
  REQUIRE(reply);
  return reply.value();
}

void host_world::run() {
  auto moved = true;
  for (int i = 0; moved && i < 10'000; ++i) {
    moved = process_->scheduler.has_job();
    process_->scheduler.run(100'000);
    if (runner.outbox.empty() || runner.loses_outcomes)
      continue;
    runner.flush(*process_->host);
    moved = moved || process_->scheduler.has_job();
    process_->scheduler.run(100'000);
  }
}

bool host_world::step(std::uint64_t dice) {
  auto& jobs = process_->scheduler.jobs;
  if (jobs.empty())
    return false;
  auto chosen = jobs.begin() + static_cast<std::ptrdiff_t>(dice % jobs.size());
  std::rotate(jobs.begin(), chosen, chosen + 1);
  process_->scheduler.run_once();
  return true;
}

void host_world::advance(std::chrono::milliseconds time) {
  while (time.count() > 0) {
    auto some = std::min(time, std::chrono::milliseconds{1000});
    time -= some;
    clock_->time += static_cast<timestamp>(some.count());
    process_->scheduler.advance_time(some);
    run();
  }
}

std::vector<log::record_ptr> host_world::stream(const std::string& id) {
  return store().read_stream(id, 1, 100'000).value();
}

sandbox::state host_world::sandbox(const std::string& id) {
  sandbox::state out;
  for (const auto& record : stream(id)) {
    std::uint16_t place = 0;
    for (const auto* entry : *record->view().entries()) {
      if (entry->aggregate_id()->string_view() == id)
        sandbox::evolve(out, *entry, envelope{record->view(), place});
      ++place;
    }
  }
  return out;
}

organization::state host_world::organization() {
  organization::state out;
  for (const auto& record : stream("org-1"))
    given::fold(out, *record);
  return out;
}

void host_world::found() {
  must(CreateOrganization{"default", {}, "local"});
}

host::control_host& host_world::host() {
  return *process_->host;
}
log::local_store& host_world::store() {
  return *process_->store;
}
gate_log& host_world::log() {
  return *process_->log;
}
timestamp host_world::now() const {
  return clock_->time;
}

} // namespace varve
