// How the log on Kafka is opened, and kept up with.
#include <algorithm>
#include <utility>

#include "events/base/ids.hpp"
#include "events/kafka/kafka_log.hpp"
#include "events/kafka/topic.hpp"
#include "events/partition_records.hpp"

namespace varve::log {

result<std::unique_ptr<event_log>> open_kafka_log(kafka_options options) {
  VARVE_TRY(auto log, kafka::kafka_log::open(std::move(options)));
  return std::unique_ptr<event_log>{std::move(log)};
}

} // namespace varve::log

namespace varve::log::kafka {

using std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds pump_step{50};
constexpr int most_at_once = 4096;

} // namespace

kafka_log::kafka_log(kafka_options options) : options_(std::move(options)) {
  for (std::uint16_t p = 0; p < partition_count; ++p)
    copies_.emplace_back(p);
}

result<std::unique_ptr<kafka_log>> kafka_log::open(kafka_options options) {
  VARVE_CHECK(ensure_topic(options));
  std::unique_ptr<kafka_log> out{new kafka_log{std::move(options)}};
  std::lock_guard guard{out->mutex_};
  VARVE_CHECK(out->connect());
  VARVE_TRY(auto cluster, out->producer_->cluster_id());
  out->place_ = "kafka:" + cluster + "/" + out->options_.topic;
  if (out->options_.begins) {
    VARVE_CHECK(out->begin_log());
  }
  VARVE_CHECK(out->check_ids());
  for (std::uint16_t p = 0; p < partition_count; ++p)
    out->tailed_[p] = out->copies_[p].head().next_index;
  return out;
}

result<void> kafka_log::connect() {
  VARVE_TRY(producer_, producer::open(options_));
  VARVE_TRY(live_, consumer::open(options_));
  VARVE_TRY(auto second, consumer::open(options_));
  history_ = std::make_unique<history>(std::move(second), options_.patience);
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    VARVE_CHECK(compare(p));
  }
  VARVE_CHECK(assign_all());
  live_->was_disturbed();
  // A partition that cannot be read stops alone; its head says why.
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    auto caught_up = catch_up(p);
    if (!caught_up && (p == 0 || !copies_[p].fault()))
      return caught_up;
  }
  return ok();
}

// The first partition decides on the id, whoever of several begins it; so all
// who begin the others give them the same.
result<void> kafka_log::begin_log() {
  VARVE_CHECK(begin_partitions(0, 1));
  return begin_partitions(1, partition_count);
}

result<void> kafka_log::begin_partitions(std::uint16_t first,
                                         std::uint16_t end) {
  auto id = first == 0 ? uuid::v4().str() : ids_[0];
  std::vector<record_ptr> missing;
  for (auto p = first; p < end; ++p) {
    if (copies_[p].head().next_index != 0 || copies_[p].fault())
      continue;
    VARVE_TRY(auto created,
              record::seal(log_created(id, p, system_clock{}.now())));
    missing.push_back(std::move(created));
  }
  producer_->write(missing);
  for (const auto& r : missing) {
    auto p = r->at().partition;
    VARVE_CHECK(catch_up(p));
    if (copies_[p].head().next_index == 0)
      return failure(errc::log_unavailable, "kafka: partition "
                                                + std::to_string(p)
                                                + " could not be begun");
  }
  return ok();
}

result<void> kafka_log::check_ids() {
  log_id_ = ids_[0];
  for (std::uint16_t p = 0; p < partition_count; ++p)
    if (ids_[p] != log_id_ && !copies_[p].fault()
        && copies_[p].head().next_index != 0)
      return failure(errc::log_diverged, "partition " + std::to_string(p)
                                             + " is of log " + ids_[p]
                                             + ", the first one of " + log_id_);
  return ok();
}

result<void> kafka_log::assign_all() {
  std::vector<consumer::start> from;
  for (std::uint16_t p = 0; p < partition_count; ++p)
    if (!copies_[p].fault())
      from.emplace_back(p, copies_[p].next_offset());
  return live_->assign(from);
}

// Reads to where the partition ends now.
result<void> kafka_log::catch_up(std::uint16_t partition) {
  if (live_->was_disturbed()) {
    VARVE_CHECK(compare_all());
  }
  auto& copy = copies_[partition];
  if (copy.fault())
    return *copy.fault();
  VARVE_TRY(auto bounds, live_->ask_bounds(partition));
  if (bounds.first != 0 || bounds.end < copy.next_offset())
    return compare(partition);
  auto deadline = steady_clock::now() + options_.patience;
  while (copy.next_offset() < bounds.end) {
    if (steady_clock::now() > deadline)
      return failure(errc::log_unavailable, "kafka: reading partition "
                                                + std::to_string(partition)
                                                + " to its end took too long");
    pump(pump_step);
    if (copy.fault())
      return *copy.fault();
  }
  return ok();
}

// After a connection was lost. A partition that has parted says so by itself.
result<void> kafka_log::compare_all() {
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    auto compared = compare(p);
    if (!compared && !copies_[p].fault()) {
      live_->disturb();
      return compared;
    }
  }
  return assign_all();
}

result<void> kafka_log::compare(std::uint16_t partition) {
  VARVE_TRY(auto bounds, live_->ask_bounds(partition));
  return copies_[partition].compare(
      {bounds.first, bounds.end, [&](std::int64_t offset) {
         return history_->record_at(partition, offset);
       }});
}

void kafka_log::pump(milliseconds patience) {
  auto got = live_->poll(patience);
  for (int i = 0; got && i < most_at_once; ++i) {
    auto& copy = copies_[got->partition];
    if (got->fault) {
      copy.stop(*got->fault);
    } else {
      auto taken = copy.take(got->offset, std::move(got->frame));
      if (taken && taken.value())
        publish(std::move(taken).value());
    }
    got = live_->poll(milliseconds{0});
  }
}

} // namespace varve::log::kafka
