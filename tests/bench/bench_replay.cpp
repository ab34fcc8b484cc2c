// How fast a log becomes state: by a scan of everything, and for one sandbox
// that is not in memory.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "actors/sandbox/state.hpp"
#include "events/base/ids.hpp"
#include "tests/bench/plane.hpp"
#include "tests/bench/row.hpp"

namespace {

using namespace varve;
using namespace varve::bench;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t scanned_sandboxes = 100'000;
constexpr std::size_t scanned_events = 10;
constexpr std::size_t cold_sandboxes = 2'000;
constexpr std::size_t cold_events = 100;

template <class F>
double seconds_of(F f) {
  auto begin = clock_type::now();
  f();
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

// Every record that counts, in order.
template <class F>
void scan(log::local_store& store, F each) {
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    std::uint64_t next = 0;
    for (;;) {
      auto records = need(store.read(p, next, 1024));
      if (records.empty())
        break;
      for (const auto& r : records)
        each(*r);
      next = records.back()->at().index + 1;
    }
  }
}

void replay(const scratch& where) {
  plane on{where.path("replay")};
  progress("a million events of 100 000 sandboxes");
  on.populate({scanned_sandboxes, 64, scanned_events});
  std::size_t read = 0;
  auto raw = seconds_of(
      [&] { scan(on.store(), [&](const log::record&) { ++read; }); });
  std::unordered_map<std::string, sandbox::state> states;
  std::size_t folded = 0;
  auto ours = seconds_of([&] {
    scan(on.store(), [&](const log::record& r) {
      std::uint16_t place = 0;
      for (const auto* entry : *r.view().entries()) {
        if (entry->aggregate() != schema::AggregateType::Sandbox)
          continue;
        sandbox::evolve(states[entry->aggregate_id()->str()], *entry,
                        envelope{r.view(), place++});
        ++folded;
      }
    });
  });
  if (states.size() != scanned_sandboxes
      || folded != scanned_sandboxes * scanned_events)
    give_up({errc::invalid, "the scan missed events"});
  row out;
  out.bench = "replay";
  out.name = "replay";
  out.n = folded;
  out.unit = "1/s";
  out.value = static_cast<double>(folded) / ours;
  out.baseline = "scan without folding";
  out.baseline_value = static_cast<double>(read) / raw;
  print(out);
}

// Asks for nothing new, so that all the time is the recovery's.
double recover_one(plane& on, std::size_t n) {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<result<command_reply>> reply;
  command_origin origin{organization_id(0),
                        "key:bench",
                        uuid::v4().str(),
                        {},
                        schema::Cause::User};
  ReplaceLabels same{sandbox_id(n),
                     {{"turn", std::to_string(cold_events - 1)}}};
  auto begin = clock_type::now();
  on.control().submit(std::move(same), std::move(origin),
                      [&](result<command_reply> r) {
                        std::lock_guard guard{mutex};
                        reply.emplace(std::move(r));
                        answered.notify_one();
                      });
  std::unique_lock guard{mutex};
  if (!answered.wait_for(guard, 30s, [&] { return reply.has_value(); }))
    give_up({errc::timed_out, "no answer"});
  auto took =
      std::chrono::duration<double, std::milli>(clock_type::now() - begin);
  auto version = need(std::move(*reply)).version;
  if (version != cold_events)
    give_up(
        {errc::invalid, "recovered " + std::to_string(version) + " events"});
  return took.count();
}

void cold_actor(const scratch& where) {
  progress("2 000 sandboxes with 100 events each");
  {
    plane before{where.path("cold")};
    before.populate({cold_sandboxes, 1, cold_events});
  }
  plane on{where.path("cold")};
  on.start(false);
  std::vector<double> raw;
  for (std::size_t n = 0; n < cold_sandboxes; n += 2)
    raw.push_back(1000 * seconds_of([&] {
                    need(on.store().read_stream(sandbox_id(n), 1, 256));
                  }));
  row out;
  out.bench = "replay";
  out.name = "cold-actor";
  out.n = cold_sandboxes / 2;
  out.unit = "ms";
  for (std::size_t n = 1; n < cold_sandboxes; n += 2)
    out.samples.push_back(recover_one(on, n));
  out.baseline = "reading the stream";
  out.baseline_value = percentile(raw, 0.5);
  print(out);
}

} // namespace

int main() {
  scratch where;
  replay(where);
  cold_actor(where);
}
