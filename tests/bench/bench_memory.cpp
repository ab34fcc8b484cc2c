// What one sandbox in memory costs: its actor, its state with three labels
// and three env, its place in the directory.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <malloc.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>

#include "events/base/ids.hpp"
#include "tests/bench/plane.hpp"
#include "tests/bench/row.hpp"

namespace {

using namespace varve;
using namespace varve::bench;
using namespace std::chrono_literals;

constexpr std::size_t many = 20'000;

double allocated() {
  return static_cast<double>(::mallinfo2().uordblks);
}

// Returns when all is as it is claimed to become.
template <class Claim>
void await(Claim claim) {
  auto until = std::chrono::steady_clock::now() + 60s;
  while (!claim()) {
    if (std::chrono::steady_clock::now() > until)
      give_up({errc::timed_out, "it does not come to rest"});
    std::this_thread::yield();
  }
}

std::atomic<std::size_t> messages_seen{0};

caf::behavior idle_actor(caf::event_based_actor*) {
  return {[](int) { ++messages_seen; }};
}

// A CAF actor that holds nothing and has had one message.
double bare_actor() {
  auto config = host::make_system_config();
  caf::actor_system system{*config};
  std::vector<caf::actor> all;
  all.reserve(many);
  auto before = allocated();
  for (std::size_t i = 0; i < many; ++i) {
    all.push_back(system.spawn(idle_actor));
    caf::anon_send(all.back(), 1);
  }
  await([] { return messages_seen == many; });
  auto each = (allocated() - before) / static_cast<double>(many);
  for (auto& one : all)
    caf::anon_send_exit(one, caf::exit_reason::kill);
  return each;
}

// Sends each a command that changes nothing and waits for the answers.
void bring_to_memory(plane& on, std::size_t from, std::size_t to) {
  std::mutex mutex;
  std::condition_variable ready;
  std::size_t left = to - from;
  for (auto n = from; n < to; ++n) {
    command_origin origin{organization_id(0),
                          "key:bench",
                          uuid::v4().str(),
                          {},
                          schema::Cause::User};
    ReplaceLabels same{sandbox_id(n),
                       {{"code-toolbox-language", "python"},
                        {"owner", "bench"},
                        {"purpose", "measuring"}}};
    on.control().submit(std::move(same), std::move(origin),
                        [&](result<command_reply> reply) {
                          if (need(std::move(reply)).version != 2)
                            give_up({errc::invalid, "an event followed"});
                          std::lock_guard guard{mutex};
                          if (--left == 0)
                            ready.notify_one();
                        });
  }
  std::unique_lock guard{mutex};
  if (!ready.wait_for(guard, 60s, [&] { return left == 0; }))
    give_up({errc::timed_out, "no answer"});
}

} // namespace

int main() {
  scratch where;
  progress("bare actors");
  auto bare = bare_actor();
  progress("live sandboxes");
  plane on{where.path("memory")};
  on.populate({many + 1000, 1, 2});
  on.start(false);
  // Whatever grows once has grown.
  for (std::size_t n = 0; n < 1000; n += 100)
    bring_to_memory(on, n, n + 100);
  await([&] { return on.control().in_flight() == 0; });
  auto before = allocated();
  for (std::size_t n = 1000; n < many + 1000; n += 100)
    bring_to_memory(on, n, n + 100);
  await([&] { return on.control().in_flight() == 0; });
  row out;
  out.bench = "memory";
  out.name = "live-actor";
  out.n = many;
  out.unit = "B";
  out.value = (allocated() - before) / static_cast<double>(many);
  out.baseline = "an empty CAF actor";
  out.baseline_value = bare;
  print(out);
}
