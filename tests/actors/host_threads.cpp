// The host with threads of its own, on a system with workers, as the server
// runs it.
#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <rocksdb/env.h>

#include "actors/host/control_host.hpp"
#include "events/embedded_log.hpp"
#include "tests/actors/fake_runner.hpp"
#include "tests/actors/given.hpp"
#include "tests/actors/mirror_vault.hpp"

using namespace varve;
using namespace std::chrono_literals;

namespace {

rocksdb::Env* memory() {
  static auto* const kept = rocksdb::NewMemEnv(rocksdb::Env::Default());
  return kept;
}

// Answers at once, on the thread it is called on.
class prompt_runner final : public runner_port {
 public:
  void submit(schema::OperationT operation) override {
    std::lock_guard guard{mutex_};
    inner_.submit(std::move(operation));
    for (const auto& outcome : std::exchange(inner_.outbox, {}))
      host->outcome(outcome);
  }
  void acknowledge(std::string_view, std::uint64_t) override {
    ++acknowledged;
  }
  host::control_host* host = nullptr;
  std::atomic<std::size_t> acknowledged{0};

 private:
  std::mutex mutex_;
  fake_runner inner_;
};

struct server {
  system_clock time;
  std::unique_ptr<log::local_store> store;
  std::unique_ptr<log::embedded_log> log;
  mirror_vault secrets;
  std::unique_ptr<caf::actor_system_config> config = host::make_system_config();
  std::unique_ptr<caf::actor_system> system =
      std::make_unique<caf::actor_system>(*config);
  prompt_runner runner;
  std::unique_ptr<host::control_host> host;

  explicit server(const std::string& path) {
    log::store_options options;
    options.path = path;
    options.env = memory();
    store = log::local_store::open(std::move(options)).value();
    log = log::embedded_log::open(*store, time).value();
    host::host_options settings;
    settings.log = log.get();
    settings.store = store.get();
    settings.secrets = &secrets;
    settings.time = &time;
    settings.node = "node-1";
    host = host::control_host::start(*system, std::move(settings)).value();
    runner.host = host.get();
    host->set_runner(&runner, "runner-1", "journal-1");
  }
  ~server() {
    if (host)
      host->stop(5s);
  }

  std::future<result<command_reply>> send(command what) {
    auto promise = std::make_shared<std::promise<result<command_reply>>>();
    command_origin origin{
        "org-1", "key:test", uuid::v4().str(), {}, schema::Cause::User};
    host->submit(std::move(what), std::move(origin),
                 [promise](result<command_reply> reply) {
                   promise->set_value(std::move(reply));
                 });
    return promise->get_future();
  }

  result<command_reply> ask(command what) {
    auto answer = send(std::move(what));
    REQUIRE(answer.wait_for(20s) == std::future_status::ready);
    return answer.get();
  }
};

} // namespace

TEST_CASE("many clients at once are all answered, and all of it is on the log "
          "when the host has stopped") {
  server it{"/threads-1"};
  REQUIRE(it.ask(CreateOrganization{"default", {}, "local"}));
  constexpr int clients = 4;
  constexpr int each = 25;
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < clients; ++c)
    threads.emplace_back([&, c] {
      for (int i = 0; i < each; ++i) {
        auto id = "sb-" + std::to_string(c) + "-" + std::to_string(i);
        auto made = it.send(given::creation(id));
        auto labelled = made.wait_for(20s) == std::future_status::ready
                        && made.get().has_value();
        auto next = it.send(ReplaceLabels{id, {{"c", std::to_string(c)}}});
        auto gone = it.send(DestroySandbox{id});
        if (labelled && next.wait_for(20s) == std::future_status::ready
            && next.get() && gone.wait_for(20s) == std::future_status::ready
            && gone.get())
          ++done;
      }
    });
  for (auto& t : threads)
    t.join();
  CHECK(done == clients * each);
  it.host->stop(5s);
  CHECK(it.host->in_flight() == 0);
  organization::state org;
  auto records = it.store->read_stream("org-1", 1, 10'000).value();
  for (const auto& r : records)
    given::fold(org, *r);
  CHECK(org.sandboxes.empty());
  CHECK(org.used == organization::amounts{});
}

TEST_CASE("the system ends although a thread that sent commands lives on") {
  std::promise<void> release;
  std::thread client;
  // One thread makes and ends the system, as CAF wants it.
  auto life = std::async(std::launch::async, [&] {
    server it{"/threads-2"};
    std::promise<void> sent;
    client = std::thread([&] {
      (void)it.send(CreateOrganization{"default", {}, "local"}).get();
      sent.set_value();
      release.get_future().wait();
    });
    sent.get_future().wait();
  });
  CHECK(life.wait_for(20s) == std::future_status::ready);
  release.set_value();
  client.join();
}

TEST_CASE("operations are answered and acknowledged across threads") {
  server it{"/threads-3"};
  REQUIRE(it.ask(CreateOrganization{"default", {}, "local"}));
  REQUIRE(it.ask(given::creation("sb-1")));
  // The outcome comes back on its own; a stop is refused until it has.
  auto until = std::chrono::steady_clock::now() + 20s;
  auto stopped = it.ask(StopSandbox{"sb-1", false});
  while (!stopped && std::chrono::steady_clock::now() < until)
    stopped = it.ask(StopSandbox{"sb-1", false});
  CHECK(stopped);
  it.host->stop(5s);
  CHECK(it.runner.acknowledged >= 1);
}
