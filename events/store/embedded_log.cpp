#include "events/embedded_log.hpp"

#include <utility>

#include "events/base/ids.hpp"
#include "events/partition_records.hpp"

namespace varve::log {

namespace {

constexpr std::size_t tail_limit = 1024;

result<void> make_log(local_store& store, timestamp now) {
  auto log_id = uuid::v4().str();
  std::vector<record_ptr> first;
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    VARVE_TRY(auto created, record::seal(log_created(log_id, p, now)));
    first.push_back(std::move(created));
  }
  return store.put(first, true);
}

// The id that every partition begins with; empty when none has begun.
result<std::string> find_log_id(local_store& store) {
  std::string out;
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    VARVE_TRY(auto first, store.read(p, 0, 1));
    if (first.empty() && out.empty())
      continue;
    const auto* created =
        first.empty()
            ? nullptr
            : first[0]->view().entries()->Get(0)->event_as_LogCreated();
    if (!created || (p > 0 && created->log_id()->string_view() != out))
      return failure(errc::log_corrupt,
                     "partition " + std::to_string(p)
                         + " does not begin as the others do");
    out = created->log_id()->str();
  }
  return out;
}

} // namespace

embedded_log::embedded_log(local_store& store, std::string log_id,
                           std::string place)
    : store_(store), log_id_(std::move(log_id)), place_(std::move(place)) {
  // nop
}

result<std::unique_ptr<embedded_log>>
embedded_log::open(local_store& store, const clock& time, std::string place) {
  VARVE_TRY(auto log_id, find_log_id(store));
  if (log_id.empty()) {
    VARVE_CHECK(make_log(store, time.now()));
    VARVE_TRY(log_id, find_log_id(store));
  }
  std::unique_ptr<embedded_log> out{
      new embedded_log{store, std::move(log_id), std::move(place)}};
  VARVE_CHECK(out->skip_what_is_there());
  return out;
}

result<void> embedded_log::append(std::span<const record_ptr> batch) {
  if (in_doubt_)
    return failure(errc::log_doubt, "a commit failed: open the log again");
  auto put = store_.put(batch, true);
  if (put) {
    std::lock_guard guard{mutex_};
    ++commits_;
    grown_.notify_all();
    return ok();
  }
  auto cause = std::move(put).error();
  if (cause.code == errc::store_failed) {
    in_doubt_ = true;
    cause.code = errc::log_doubt;
  }
  return prefixed("append", std::move(cause));
}

disk_state embedded_log::disk() {
  return store_.disk();
}

result<chain_head> embedded_log::head(std::uint16_t partition) {
  return store_.head(partition);
}

result<std::vector<record_ptr>> embedded_log::read(std::uint16_t partition,
                                                   std::uint64_t from,
                                                   std::size_t limit) {
  return store_.read(partition, from, limit);
}

result<void> embedded_log::skip_what_is_there() {
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    VARVE_TRY(auto head, store_.head(p));
    next_[p] = head.next_index;
  }
  return ok();
}

result<std::vector<record_ptr>>
embedded_log::tail(std::chrono::milliseconds patience) {
  VARVE_TRY(auto found, unread());
  if (!found.empty())
    return found;
  {
    std::unique_lock guard{mutex_};
    if (!grown_.wait_for(guard, patience,
                         [this] { return commits_ != commits_seen_; }))
      return found;
    commits_seen_ = commits_;
  }
  return unread();
}

result<std::vector<record_ptr>> embedded_log::unread() {
  std::vector<record_ptr> out;
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    if (out.size() == tail_limit)
      break;
    VARVE_TRY(auto records, store_.read(p, next_[p], tail_limit - out.size()));
    next_[p] += records.size();
    std::move(records.begin(), records.end(), std::back_inserter(out));
  }
  return out;
}

} // namespace varve::log
