#include "projections/projector.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include "events/base/logging.hpp"
#include "projections/origin.hpp"
#include "projections/read_models.hpp"
#include "projections/record_queue.hpp"

namespace varve::projections {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t records_per_commit = 256;
// How long a failing store is left alone.
constexpr auto retry_after = 1s;

class threaded_projector final : public projector {
 public:
  threaded_projector(log::local_store& store, database base,
                     std::shared_ptr<generation> serving,
                     const record_queue::places& heads)
      : store_{store}, base_{base}, models_{std::move(serving)}, heads_{heads},
        wanted_{heads}, worker_{[this] { run(); }} {
    // nop
  }

  ~threaded_projector() override {
    stopping_ = true;
    queue_.wake();
    worker_.join();
    models_.close();
  }

  void publish(std::span<const log::record_ptr> committed) override {
    queue_.push(committed);
  }

  bool head_reached() const noexcept override {
    return head_reached_.load(std::memory_order_acquire);
  }

  queries& answers() noexcept override {
    return models_;
  }

  result<void> rebuild() override;
  result<void> flush() override {
    auto status = base_.db.Flush({}, &base_.family);
    return status.ok() ? ok() : result<void>{store_error(status)};
  }
  result<rows> dump() const override;

 private:
  using generation_ptr = std::shared_ptr<generation>;

  // A generation that is to take over, and who waits for that.
  struct successor {
    generation_ptr built;
    std::promise<result<void>> done;
  };

  // --- the projector's thread ---
  void run();
  void fold(const std::vector<log::record_ptr>& records);
  void catch_up();
  void complain(const error& why);
  bool is_behind();
  void commit();
  void note_head();
  void end_succession();
  result<void> take_over(const generation_ptr& built);

  // --- any thread ---
  // Folds what the store holds of a partition, from its next one to `end`.
  result<void> fold_stored(generation& into, std::uint16_t partition,
                           std::uint64_t end);
  result<generation_ptr> build_next();
  std::future<result<void>> hand_over(generation_ptr built);

  log::local_store& store_;
  database base_;
  read_models models_;
  record_queue queue_;
  const record_queue::places heads_; // when it was opened
  std::atomic<bool> head_reached_ = false;
  std::atomic<bool> stopping_ = false;
  // The projector's thread: up to where the store is to be read, and what it
  // said last about not being able to.
  record_queue::places wanted_;
  std::string complaint_;
  std::mutex rebuilding_;
  std::mutex successor_mutex_; // successor_
  std::optional<successor> successor_;
  std::thread worker_;
};

void threaded_projector::run() {
  for (auto behind = true; !stopping_; behind = is_behind()) {
    if (behind)
      catch_up();
    end_succession();
    fold(queue_.take(retry_after));
  }
  models_.serving()->commit(true);
  end_succession();
}

// What is not the next of its partition, because something before it was
// dropped or not read yet, is left to catch_up().
void threaded_projector::fold(const std::vector<log::record_ptr>& records) {
  auto serving = models_.serving();
  std::size_t uncommitted = 0;
  for (const auto& r : records) {
    auto at = r->at();
    auto next = serving->next(at.partition);
    if (at.index > next)
      wanted_[at.partition] = std::max(wanted_[at.partition], at.index + 1);
    if (at.index != next)
      continue;
    serving->apply(*r);
    if (++uncommitted == records_per_commit) {
      commit();
      uncommitted = 0;
    }
  }
  if (uncommitted > 0)
    commit();
}

bool threaded_projector::is_behind() {
  auto dropped = queue_.dropped();
  for (std::uint16_t p = 0; p < wanted_.size(); ++p)
    wanted_[p] = std::max(wanted_[p], dropped[p]);
  auto serving = models_.serving();
  if (serving->has_stopped())
    return false;
  for (std::uint16_t p = 0; p < wanted_.size(); ++p)
    if (serving->next(p) < wanted_[p])
      return true;
  return false;
}

void threaded_projector::catch_up() {
  auto serving = models_.serving();
  for (std::uint16_t p = 0; p < wanted_.size() && !stopping_; ++p) {
    auto done = fold_stored(*serving, p, wanted_[p]);
    if (!done)
      return complain(done.error());
  }
  complaint_.clear();
  note_head();
}

result<void> threaded_projector::fold_stored(generation& into,
                                             std::uint16_t partition,
                                             std::uint64_t end) {
  while (!into.has_stopped() && into.next(partition) < end) {
    if (stopping_)
      return failure(errc::shutting_down, "the node is stopping");
    auto from = into.next(partition);
    VARVE_TRY(auto records, store_.read(partition, from, records_per_commit));
    if (records.empty())
      return failure(errc::store_failed,
                     "record " + std::to_string(from) + " of partition "
                         + std::to_string(partition) + " is not there");
    for (const auto& r : records)
      into.apply(*r);
    if (&into == models_.serving().get())
      commit();
    else
      into.commit();
  }
  return ok();
}

// Once, not at every try.
void threaded_projector::complain(const error& why) {
  if (complaint_ == why.detail)
    return;
  complaint_ = why.detail;
  log_warning("projections", "cannot catch up: " + complaint_);
}

void threaded_projector::commit() {
  models_.serving()->commit();
  note_head();
  models_.committed();
}

void threaded_projector::note_head() {
  if (head_reached())
    return;
  auto serving = models_.serving();
  for (std::uint16_t p = 0; p < heads_.size(); ++p)
    if (serving->applied(p) < heads_[p] && !serving->has_stopped())
      return;
  head_reached_.store(true, std::memory_order_release);
}

void threaded_projector::end_succession() {
  std::unique_lock lock{successor_mutex_};
  auto next = std::exchange(successor_, std::nullopt);
  lock.unlock();
  if (next)
    next->done.set_value(take_over(next->built));
}

// Up to where the serving one is; from there on it gets what that would get.
result<void> threaded_projector::take_over(const generation_ptr& built) {
  auto serving = models_.serving();
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    VARVE_CHECK(fold_stored(*built, p, serving->applied(p)));
  }
  for (const auto* each : built->all()) {
    VARVE_CHECK(each->check());
  }
  rocksdb::WriteBatch batch;
  serve_generation(batch, base_, built->number());
  VARVE_CHECK(base_.write(batch));
  models_.serve(built);
  models_.committed();
  return ok();
}

result<void> threaded_projector::rebuild() {
  std::unique_lock only{rebuilding_, std::try_to_lock};
  if (!only)
    return failure(errc::too_busy, "read models are being rebuilt already");
  if (store_.disk() != log::disk_state::ample)
    return failure(errc::log_full, "no room for a second set of read models");
  VARVE_TRY(auto built, build_next());
  auto answer = hand_over(built);
  while (answer.wait_for(retry_after) != std::future_status::ready)
    if (stopping_)
      return failure(errc::shutting_down, "the node is stopping");
  auto done = answer.get();
  if (!done)
    built->retire();
  return done;
}

result<std::shared_ptr<generation>> threaded_projector::build_next() {
  auto number = models_.serving()->number() + 1;
  VARVE_TRY(auto built, generation::open(base_, number));
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    auto head = store_.head(p);
    auto done = head ? fold_stored(*built, p, head.value().next_index)
                     : result<void>{head.error()};
    if (!done) {
      built->retire();
      return done.error();
    }
  }
  return built;
}

std::future<result<void>> threaded_projector::hand_over(generation_ptr built) {
  std::promise<result<void>> done;
  auto answer = done.get_future();
  {
    std::lock_guard lock{successor_mutex_};
    successor_.emplace(successor{std::move(built), std::move(done)});
  }
  queue_.wake();
  return answer;
}

result<projector::rows> threaded_projector::dump() const {
  auto serving = models_.serving();
  frozen now{base_};
  rows out;
  for (const auto* each : serving->all()) {
    VARVE_CHECK(each->check());
    scan all{each->rows(), "", now.get()};
    for (all.first(); all.valid(); all.next())
      if (!is_position(all.key()))
        out.emplace_back(std::string{each->name()} + std::string{all.key()},
                         all.value());
    VARVE_CHECK(all.finish());
  }
  return out;
}

} // namespace

result<std::unique_ptr<projector>> projector::open(log::local_store& store) {
  VARVE_TRY(auto* family, store.family("projections"));
  database base{store.database(), *family};
  VARVE_TRY(auto serving, find_origin(store, base));
  record_queue::places heads{};
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    VARVE_TRY(auto head, store.head(p));
    heads[p] = head.next_index;
  }
  return std::unique_ptr<projector>{std::make_unique<threaded_projector>(
      store, base, std::move(serving), heads)};
}

} // namespace varve::projections
