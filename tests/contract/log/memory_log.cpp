#include "tests/contract/log/memory_log.hpp"

#include <algorithm>
#include <utility>

#include "events/base/ids.hpp"
#include "events/partition_records.hpp"

namespace varve::log::contract {

namespace {

frame frame_of(const record& r) {
  return {r.frame().begin(), r.frame().end()};
}

} // namespace

memory_log::memory_log(std::shared_ptr<raw_topic> topic)
    : topic_(std::move(topic)) {
  for (std::uint16_t p = 0; p < partition_count; ++p)
    copies_.emplace_back(p);
}

result<std::unique_ptr<memory_log>>
memory_log::open(std::shared_ptr<raw_topic> topic) {
  std::unique_ptr<memory_log> out{new memory_log{std::move(topic)}};
  if (out->topic_->size(0) == 0) {
    VARVE_CHECK(out->make());
  }
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    VARVE_CHECK(out->catch_up(p));
  }
  VARVE_TRY(auto first, out->read(0, 0, 1));
  out->log_id_ = first[0]
                     ->view()
                     .entries()
                     ->Get(0)
                     ->event_as_LogCreated()
                     ->log_id()
                     ->str();
  out->untailed_.clear();
  return out;
}

result<void> memory_log::make() {
  auto id = uuid::v4().str();
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    VARVE_TRY(auto created, record::seal(log_created(id, p, 1)));
    topic_->write(p, frame_of(*created));
  }
  return ok();
}

result<void> memory_log::append(std::span<const record_ptr> batch) {
  std::lock_guard guard{mutex_};
  VARVE_CHECK(check_proposals(batch));
  for (const auto& r : batch) {
    auto& copy = copies_[r->at().partition];
    copy.await(*r);
    topic_->write(r->at().partition, frame_of(*r));
  }
  auto judged = judge(batch);
  for (const auto& r : batch)
    copies_[r->at().partition].forget_awaited();
  return judged;
}

// What this copy can already tell is not written at all.
result<void>
memory_log::check_proposals(std::span<const record_ptr> batch) const {
  std::vector<chain> ahead;
  for (std::uint16_t p = 0; p < partition_count; ++p)
    ahead.emplace_back(p, copies_[p].head());
  for (const auto& r : batch) {
    auto& links = ahead[r->at().partition];
    if (r->prev() != links.head().hash)
      return failure(errc::log_void, to_string(r->at()) + " is stale");
    VARVE_CHECK(links.take(*r));
  }
  return ok();
}

result<void> memory_log::judge(std::span<const record_ptr> batch) {
  result<void> out = ok();
  for (const auto& r : batch) {
    VARVE_CHECK(catch_up(r->at().partition));
    auto fate = copies_[r->at().partition].fate_of(*r);
    if (fate == topic_copy::fate::dead)
      return failure(errc::log_void, to_string(r->at()) + " is void");
    if (fate == topic_copy::fate::unknown && out)
      out = failure(errc::log_doubt,
                    to_string(r->at()) + " was written and is not there");
  }
  return out;
}

result<void> memory_log::catch_up(std::uint16_t partition) {
  VARVE_CHECK(check_copy(partition));
  auto& copy = copies_[partition];
  auto end = static_cast<std::int64_t>(topic_->size(partition));
  while (copy.next_offset() < end) {
    auto offset = copy.next_offset();
    VARVE_TRY(auto counting,
              copy.take(offset, topic_->at(partition,
                                           static_cast<std::size_t>(offset))));
    if (counting)
      untailed_.push_back(std::move(counting));
  }
  return ok();
}

result<void> memory_log::check_copy(std::uint16_t partition) {
  return copies_[partition].compare(topic_->view(partition));
}

result<chain_head> memory_log::head(std::uint16_t partition) {
  std::lock_guard guard{mutex_};
  VARVE_CHECK(catch_up(partition));
  return copies_[partition].head();
}

result<std::vector<record_ptr>> memory_log::read(std::uint16_t partition,
                                                 std::uint64_t from,
                                                 std::size_t limit) {
  std::lock_guard guard{mutex_};
  auto state = catch_up(partition);
  auto& copy = copies_[partition];
  if (!state && state.error().code == errc::log_diverged)
    return std::move(state).error();
  std::vector<record_ptr> out;
  auto end = copy.head().next_index;
  for (auto i = from; i < end && out.size() < limit; ++i) {
    auto offset = static_cast<std::size_t>(copy.offset_of(i));
    VARVE_TRY(auto r, record::parse(topic_->at(partition, offset)));
    out.push_back(std::move(r));
  }
  // What lies before the damage is read first.
  if (out.empty() && !state)
    return std::move(state).error();
  return out;
}

result<std::vector<record_ptr>> memory_log::tail(std::chrono::milliseconds) {
  std::lock_guard guard{mutex_};
  for (std::uint16_t p = 0; p < partition_count; ++p)
    [[maybe_unused]] auto stopped = catch_up(p);
  return std::exchange(untailed_, {});
}

} // namespace varve::log::contract
