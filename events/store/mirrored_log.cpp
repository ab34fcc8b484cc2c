#include "events/mirrored_log.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "events/chain.hpp"

namespace varve::log {

namespace {

constexpr std::size_t at_once = 1024;

schema::Event first_event(const record& r) noexcept {
  return r.view().entries()->Get(0)->event_type();
}

} // namespace

mirrored_log::mirrored_log(std::unique_ptr<event_log> elsewhere,
                           local_store& store, std::string node)
    : elsewhere_(std::move(elsewhere)), store_(store), node_(std::move(node)) {
  // nop
}

result<std::unique_ptr<mirrored_log>>
mirrored_log::open(std::unique_ptr<event_log> elsewhere, local_store& store,
                   std::string node) {
  std::unique_ptr<mirrored_log> out{
      new mirrored_log{std::move(elsewhere), store, std::move(node)}};
  std::lock_guard guard{out->mutex_};
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    VARVE_TRY(auto there, out->elsewhere_->head(p));
    VARVE_CHECK(out->check_origin(p, there));
    VARVE_CHECK(out->catch_up(p, there.next_index));
  }
  out->serves_ = true;
  return out;
}

// By induction over the chain one record that is the same is enough.
result<void> mirrored_log::check_origin(std::uint16_t partition,
                                        const chain_head& there) {
  VARVE_TRY(auto here, store_.head(partition));
  if (here.next_index == 0 || here == there)
    return ok();
  auto parted = [&](const char* why) {
    return error{errc::log_diverged, "partition " + std::to_string(partition)
                                         + ": the data directory " + why};
  };
  if (there.next_index < here.next_index)
    return parted("holds records that the log has not: it is another log's, "
                  "or the log has lost its end");
  VARVE_TRY(auto same, elsewhere_->read(partition, here.next_index - 1, 1));
  if (same.empty() || same[0]->hash() != here.hash)
    return parted("holds other records than the log");
  return ok();
}

result<void> mirrored_log::append(std::span<const record_ptr> batch) {
  {
    std::lock_guard guard{mutex_};
    VARVE_CHECK(may_write(batch));
  }
  VARVE_CHECK(elsewhere_->append(batch));
  std::lock_guard guard{mutex_};
  for (const auto& r : batch)
    owned_ = owned_ || first_event(*r) == schema::Event::EpochStarted;
  auto kept = keep(batch, whose::ours);
  if (kept)
    return ok();
  // It counts, but this node cannot say so before its store holds it.
  auto why = std::move(kept).error();
  why.code = errc::log_doubt;
  return prefixed("copying what was appended", std::move(why));
}

disk_state mirrored_log::disk() {
  return store_.disk();
}

result<chain_head> mirrored_log::head(std::uint16_t partition) {
  VARVE_TRY(auto there, elsewhere_->head(partition));
  std::lock_guard guard{mutex_};
  VARVE_CHECK(catch_up(partition, there.next_index));
  return store_.head(partition);
}

result<std::vector<record_ptr>> mirrored_log::read(std::uint16_t partition,
                                                   std::uint64_t from,
                                                   std::size_t limit) {
  VARVE_TRY(auto here, store_.head(partition));
  if (from >= here.next_index) {
    VARVE_CHECK(head(partition));
  }
  return store_.read(partition, from, limit);
}

result<std::vector<record_ptr>>
mirrored_log::tail(std::chrono::milliseconds patience) {
  VARVE_TRY(auto found, elsewhere_->tail(patience));
  std::lock_guard guard{mutex_};
  VARVE_CHECK(keep(found, whose::anybodys));
  return found;
}

result<void> mirrored_log::catch_up(std::uint16_t partition,
                                    std::uint64_t end) {
  for (;;) {
    VARVE_TRY(auto here, store_.head(partition));
    if (here.next_index >= end)
      return ok();
    VARVE_TRY(auto missing,
              elsewhere_->read(partition, here.next_index, at_once));
    if (missing.empty())
      return failure(errc::log_unavailable,
                     "the log does not show "
                         + to_string({partition, here.next_index}) + " yet");
    VARVE_CHECK(put(missing, whose::anybodys));
  }
}

// The other thread may have been first with some of them.
result<void> mirrored_log::keep(std::span<const record_ptr> records,
                                whose writer) {
  std::map<std::uint16_t, std::uint64_t> next;
  std::vector<record_ptr> fresh;
  for (const auto& r : records) {
    auto at = r->at();
    auto found = next.find(at.partition);
    if (found == next.end()) {
      VARVE_CHECK(catch_up(at.partition, at.index));
      VARVE_TRY(auto here, store_.head(at.partition));
      found = next.emplace(at.partition, here.next_index).first;
    }
    if (at.index != found->second)
      continue;
    ++found->second;
    fresh.push_back(r);
  }
  return put(fresh, writer);
}

result<void> mirrored_log::put(std::span<const record_ptr> records,
                               whose writer) {
  if (fault_)
    return *fault_;
  // Synced, or the marks of the store could say more than it holds.
  auto done = store_.put(records, true);
  if (!done) {
    if (done.error().code != errc::log_full)
      fault_ = done.error();
    return done;
  }
  if (serves_ && writer == whose::anybodys)
    for (const auto& r : records)
      look_for_successor(*r);
  return ok();
}

void mirrored_log::look_for_successor(const record& r) {
  const auto* first = r.view().entries()->Get(0);
  if (const auto* begun = first->event_as_EpochStarted();
      begun && owned_ && begun->node()->string_view() != node_)
    successor_ = "node " + begun->node()->str() + " at "
                 + (begun->address() ? begun->address()->str() : "?");
  if (const auto* sealed = first->event_as_LogSealed())
    successor_ = "who continues it at " + sealed->place()->str();
}

// What is decided on an older head is void in any case.
result<void> mirrored_log::may_write(std::span<const record_ptr> batch) {
  if (fault_)
    return *fault_;
  if (successor_.empty())
    return ok();
  for (const auto& r : batch) {
    VARVE_TRY(auto here, store_.head(r->at().partition));
    if (r->at().index <= here.next_index && r->prev() != here.hash)
      return failure(errc::log_void,
                     to_string(r->at()) + " does not name the head");
  }
  return failure(errc::log_unavailable,
                 "The log is now owned by " + successor_);
}

} // namespace varve::log
