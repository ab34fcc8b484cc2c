#include "events/kafka/kafka_log.hpp"

#include <map>
#include <utility>

namespace varve::log::kafka {

using std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds poll_step{20};
constexpr std::size_t history_step = 1024;

} // namespace

result<void> kafka_log::append(std::span<const record_ptr> batch) {
  if (batch.empty())
    return ok();
  {
    std::lock_guard guard{mutex_};
    VARVE_CHECK(check_proposals(batch));
    for (const auto& r : batch)
      copies_[r->at().partition].await(*r);
  }
  // Reading goes on meanwhile.
  auto reports = producer_->write(batch);
  std::lock_guard guard{mutex_};
  auto out = judge(batch, reports);
  for (const auto& r : batch)
    copies_[r->at().partition].forget_awaited();
  return out;
}

// What this copy can already tell is not written at all.
result<void> kafka_log::check_proposals(std::span<const record_ptr> batch) {
  std::map<std::uint16_t, chain> ahead;
  for (const auto& r : batch) {
    auto p = r->at().partition;
    if (copies_[p].fault())
      return *copies_[p].fault();
    auto& links = ahead.try_emplace(p, p, copies_[p].head()).first->second;
    if (r->prev() != links.head().hash)
      return failure(errc::log_void,
                     to_string(r->at()) + " does not name the head at "
                         + to_string({p, links.head().next_index}));
    VARVE_CHECK(links.take(*r));
  }
  return ok();
}

result<void> kafka_log::judge(std::span<const record_ptr> batch,
                              std::span<const delivery> reports) {
  std::map<std::uint16_t,
           std::pair<std::vector<record_ptr>, std::vector<delivery>>>
      by_partition;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& [records, heard] = by_partition[batch[i]->at().partition];
    records.push_back(batch[i]);
    heard.push_back(reports[i]);
  }
  result<void> out = ok();
  for (const auto& [p, both] : by_partition) {
    auto judged = judge_partition(both.first, both.second);
    // Void is certain, and says more than doubt.
    if (!judged && (out || judged.error().code == errc::log_void))
      out = std::move(judged);
  }
  return out;
}

result<void> kafka_log::judge_partition(std::span<const record_ptr> records,
                                        std::span<const delivery> reports) {
  auto p = records.front()->at().partition;
  auto& copy = copies_[p];
  VARVE_CHECK(take_reported(records, reports));
  if (copy.fate_of(*records.back()) != topic_copy::fate::counts) {
    auto caught_up = catch_up(p);
    if (!caught_up && copy.fault())
      return *copy.fault();
  }
  for (const auto& r : records) {
    auto fate = copy.fate_of(*r);
    if (fate == topic_copy::fate::dead)
      return failure(errc::log_void,
                     to_string(r->at()) + " came too late: it is void");
    if (fate == topic_copy::fate::unknown)
      return failure(errc::log_doubt,
                     to_string(r->at()) + " was sent and is not there yet");
  }
  return ok();
}

// The fast path. What another thread has read meanwhile is known already.
result<void> kafka_log::take_reported(std::span<const record_ptr> records,
                                      std::span<const delivery> reports) {
  auto p = records.front()->at().partition;
  auto& copy = copies_[p];
  std::size_t first = 0;
  while (first < records.size()
         && copy.fate_of(*records[first]) == topic_copy::fate::counts)
    ++first;
  if (first > 0 && reports.front().offset < 0)
    return ok();
  auto known =
      producer_->has_unreported(p)
          ? 0
          : known_to_follow(copy.next_offset(), reports.subspan(first));
  for (auto i = first; i < first + known; ++i) {
    VARVE_TRY(auto counting, copy.take(reports[i].offset, records[i]));
    if (counting)
      publish(std::move(counting));
  }
  return ok();
}

result<chain_head> kafka_log::head(std::uint16_t partition) {
  if (partition >= partition_count)
    return failure(errc::invalid, "no such partition");
  std::lock_guard guard{mutex_};
  VARVE_CHECK(catch_up(partition));
  return copies_[partition].head();
}

result<std::vector<record_ptr>> kafka_log::read(std::uint16_t partition,
                                                std::uint64_t from,
                                                std::size_t limit) {
  if (partition >= partition_count)
    return failure(errc::invalid, "no such partition");
  std::lock_guard guard{mutex_};
  auto& copy = copies_[partition];
  if (from >= copy.head().next_index) {
    VARVE_CHECK(catch_up(partition));
  }
  if (copy.fault() && copy.fault()->code == errc::log_diverged)
    return *copy.fault();
  return history_->read(copy, partition, from, limit);
}

result<std::vector<record_ptr>> kafka_log::tail(milliseconds patience) {
  auto deadline = steady_clock::now() + patience;
  for (;;) {
    std::lock_guard guard{mutex_};
    VARVE_CHECK(begin_tailing());
    pump(std::min(poll_step, patience));
    if (!untailed_.empty() || steady_clock::now() >= deadline)
      return std::exchange(untailed_, {});
  }
}

// Collects from the first call on; what came before it since the log was
// opened is read again.
result<void> kafka_log::begin_tailing() {
  if (tailing_)
    return ok();
  for (std::uint16_t p = 0; p < partition_count; ++p)
    while (tailed_[p] < copies_[p].head().next_index) {
      VARVE_TRY(auto missed,
                history_->read(copies_[p], p, tailed_[p], history_step));
      tailed_[p] += missed.size();
      untailed_.insert(untailed_.end(), missed.begin(), missed.end());
    }
  tailing_ = true;
  return ok();
}

void kafka_log::publish(record_ptr counting) {
  const auto* first = counting->view().entries()->Get(0);
  if (const auto* created = first->event_as_LogCreated())
    ids_[counting->at().partition] = created->log_id()->str();
  if (tailing_)
    untailed_.push_back(std::move(counting));
}

} // namespace varve::log::kafka
