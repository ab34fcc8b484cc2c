#include "ops/node_log.hpp"

#include <chrono>
#include <utility>

#include "events/base/logging.hpp"
#include "events/embedded_log.hpp"
#include "events/kafka_log.hpp"
#include "events/mirrored_log.hpp"
#include "ops/files.hpp"
#include "ops/log_place.hpp"

namespace varve::ops {

namespace {

using namespace std::chrono_literals;

// Not more often, so that who appends finds the log free.
constexpr auto between_looks = 50ms;
constexpr auto after_failure = 1s;

result<bool> is_empty(log::local_store& store) {
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    VARVE_TRY(auto head, store.head(p));
    if (head.next_index != 0)
      return false;
  }
  return true;
}

result<std::unique_ptr<log::event_log>> open_kafka(const options& chosen,
                                                   log::local_store& store,
                                                   const std::string& node) {
  VARVE_TRY(auto how, kafka_of(chosen, chosen.log));
  VARVE_TRY(auto copies, log::prepare_kafka_topic(how));
  if (copies < 2)
    log_warning("node", "one copy of each partition: what is acknowledged "
                        "survives the death of processes, not of the broker's "
                        "disk or power");
  VARVE_TRY(auto topic, log::open_kafka_log(how));
  VARVE_TRY(auto fresh, is_empty(store));
  VARVE_CHECK(claim_place(chosen.data_dir, topic->place(), fresh));
  log_info("node", "copying what is new at " + topic->place());
  VARVE_TRY(auto mirrored,
            log::mirrored_log::open(std::move(topic), store, node));
  return std::unique_ptr<log::event_log>{std::move(mirrored)};
}

} // namespace

result<log::kafka_options> kafka_of(const options& chosen,
                                    const std::string& url) {
  VARVE_TRY(auto out, log::parse_kafka_url(url));
  if (!chosen.log_settings.empty()) {
    VARVE_TRY(auto text, read_file(chosen.log_settings));
    VARVE_CHECK(log::add_kafka_settings(out, text));
  }
  return out;
}

bool is_elsewhere(const options& chosen) noexcept {
  return chosen.log != "embedded";
}

result<std::unique_ptr<log::event_log>> open_log(const options& chosen,
                                                 log::local_store& store,
                                                 const clock& time,
                                                 const std::string& node) {
  if (is_elsewhere(chosen))
    return open_kafka(chosen, store, node);
  VARVE_TRY(auto place, own_place(chosen.data_dir));
  VARVE_TRY(auto embedded, log::embedded_log::open(store, time, place));
  return std::unique_ptr<log::event_log>{std::move(embedded)};
}

log_follower::log_follower(log::event_log& followed,
                           std::function<void(records)> tell)
    : log_(followed), tell_(std::move(tell)), thread_([this] { run(); }) {
  // nop
}

log_follower::~log_follower() {
  {
    std::lock_guard guard{mutex_};
    ends_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void log_follower::run() {
  std::string complaint;
  std::unique_lock guard{mutex_};
  while (!ends_) {
    guard.unlock();
    auto found = log_.tail(0ms);
    if (found)
      tell_(found.value());
    auto why = found ? std::string{} : found.error().detail;
    if (!why.empty() && why != complaint)
      log_warning("node", "cannot follow the log: " + why);
    complaint = std::move(why);
    guard.lock();
    ending_.wait_for(guard, found ? between_looks : after_failure,
                     [this] { return ends_; });
  }
}

} // namespace varve::ops
