// Set-labels on 10 000 sandboxes through their actors, so many at a time. One
// counts when its record is durable, folded by its actor and applied by the
// projections.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "events/base/ids.hpp"
#include "tests/bench/plane.hpp"
#include "tests/bench/raw_log.hpp"
#include "tests/bench/row.hpp"

namespace {

using namespace varve;
using namespace varve::bench;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t sandboxes = 10'000;
constexpr std::size_t least_record_bytes = 250;

// Keeps `width` commands going until `total` are done.
class load {
 public:
  load(plane& on, std::string name, std::size_t width, std::size_t total)
      : on_(on), name_(std::move(name)), width_(width), total_(total) {
    samples_.reserve(total);
  }

  void run() {
    auto begin = clock_type::now();
    for (std::size_t i = 0; i < width_; ++i)
      next();
    std::unique_lock guard{mutex_};
    if (!done_.wait_for(guard, 300s,
                        [this] { return samples_.size() >= total_; }))
      give_up({errc::timed_out, "the load does not end"});
    seconds_ = std::chrono::duration<double>(clock_type::now() - begin).count();
  }

  const std::vector<double>& samples() const {
    return samples_;
  }
  double per_second() const {
    return static_cast<double>(total_) / seconds_;
  }
  log::position last() const {
    return last_;
  }

 private:
  void next() {
    auto n = started_++;
    if (n >= total_)
      return;
    auto begin = clock_type::now();
    command_origin origin;
    origin.organization_id = organization_id(0);
    origin.principal = "key:bench";
    origin.command_id = uuid::v7(static_cast<std::uint64_t>(n)).str();
    ReplaceLabels c;
    c.sandbox_id = sandbox_id((n * 7919) % sandboxes);
    c.labels = {{"turn", name_ + std::to_string(n)}, {"owner", "bench"}};
    on_.control().submit(std::move(c), std::move(origin),
                         [this, begin](result<command_reply> reply) {
                           auto at = need(std::move(reply)).at;
                           on_.projector().answers().when_applied(
                               at, 60s, [=, this](bool yes) {
                                 if (!yes)
                                   give_up({errc::timed_out, "not applied"});
                                 finish(begin, at);
                               });
                         });
  }

  void finish(clock_type::time_point begin, log::position at) {
    auto took =
        std::chrono::duration<double, std::milli>(clock_type::now() - begin);
    {
      std::lock_guard guard{mutex_};
      samples_.push_back(took.count());
      last_ = at;
      if (samples_.size() >= total_)
        done_.notify_all();
    }
    next();
  }

  plane& on_;
  std::string name_; // labels differ from another load's
  std::size_t width_;
  std::size_t total_;
  std::atomic<std::size_t> started_{0};
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<double> samples_;
  log::position last_;
  double seconds_ = 0;
};

std::size_t record_bytes(plane& on, log::position at) {
  auto found = need(on.store().read(at.partition, at.index, 1));
  auto size = found.at(0)->frame().size();
  if (size < least_record_bytes)
    give_up({errc::invalid, "records are too small: " + std::to_string(size)});
  return size;
}

// A disk is not the same from one second to the next: ours and the yardstick
// take turns.
constexpr std::size_t turns = 5;

struct both {
  std::vector<double> ours, raw;                  // milliseconds
  double ours_per_second = 0, raw_per_second = 0; // summed over the turns
  std::size_t batch = 0; // records in one append of ours, of the latest turn
};

void take_turn(both& sides, plane& on, const scratch& where, std::size_t width,
               std::size_t total, std::size_t turn) {
  auto name = std::to_string(width) + "-" + std::to_string(turn);
  auto appends = on.appends();
  auto appended = on.appended();
  load it{on, "real-" + name, width, total};
  it.run();
  auto size = record_bytes(on, it.last());
  sides.batch = std::max<std::size_t>(1, (on.appended() - appended)
                                             / (on.appends() - appends));
  progress("raw writes of " + std::to_string(sides.batch) + " records of "
           + std::to_string(size) + " bytes at a time");
  auto raw = write_raw(where.path("raw-" + name), size, sides.batch,
                       std::max<std::size_t>(total / sides.batch / 2, 20));
  sides.ours.insert(sides.ours.end(), it.samples().begin(), it.samples().end());
  sides.raw.insert(sides.raw.end(), raw.milliseconds.begin(),
                   raw.milliseconds.end());
  sides.ours_per_second += it.per_second();
  sides.raw_per_second += raw.records_per_second;
}

row row_of(const both& sides, std::size_t width, std::size_t total) {
  row out;
  out.bench = "log";
  out.name = std::to_string(width);
  out.n = total;
  out.baseline = "raw writes, " + std::to_string(sides.batch) + " a batch";
  if (width == 1) {
    out.unit = "ms";
    out.samples = sides.ours;
    out.baseline_value = percentile(sides.raw, 0.5);
  } else {
    out.unit = "1/s";
    out.value = sides.ours_per_second / turns;
    out.baseline_value = sides.raw_per_second / turns;
  }
  return out;
}

void measure(const scratch& where, std::size_t width, std::size_t total) {
  auto name = std::to_string(width);
  plane on{where.path("log-" + name)};
  progress("10 000 sandboxes for " + name + " at a time");
  on.populate({sandboxes, 1, 2});
  on.start(true);
  load warm{on, "warm-", 256, sandboxes};
  warm.run(); // every actor is in memory
  both sides;
  for (std::size_t turn = 0; turn < turns; ++turn)
    take_turn(sides, on, where, width, total / turns, turn);
  print(row_of(sides, width, total));
}

} // namespace

int main() {
  scratch where;
  measure(where, 1, 5'000);
  measure(where, 64, 60'000);
  measure(where, 1024, 120'000);
}
