// Logs that break one promise each. The contract must find every one of them
// out, or it promises nothing.
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "events/base/ids.hpp"
#include "tests/contract/log/memory_fixture.hpp"

namespace varve::log::contract {

namespace {

using records = std::vector<record_ptr>;

// Passes everything on; each broken log overrides one thing.
class passing_log : public event_log {
 public:
  passing_log(std::unique_ptr<event_log> inner, raw_topic& topic)
      : inner_(std::move(inner)), topic_(topic) {
    // nop
  }
  const std::string& log_id() const noexcept override {
    return inner_->log_id();
  }
  result<void> append(std::span<const record_ptr> batch) override {
    return inner_->append(batch);
  }
  result<chain_head> head(std::uint16_t partition) override {
    return inner_->head(partition);
  }
  result<records> read(std::uint16_t partition, std::uint64_t from,
                       std::size_t limit) override {
    return inner_->read(partition, from, limit);
  }
  result<records> tail(std::chrono::milliseconds patience) override {
    return inner_->tail(patience);
  }

 protected:
  std::unique_ptr<event_log> inner_;
  raw_topic& topic_;
};

template <class Log>
class broken_fixture final : public memory_fixture {
 public:
  broken_fixture() {
    [[maybe_unused]] auto opened = memory_fixture::reopen();
  }

 protected:
  result<std::unique_ptr<event_log>> open() override {
    VARVE_TRY(auto inner, memory_fixture::open());
    return std::unique_ptr<event_log>{
        std::make_unique<Log>(std::move(inner), *topic_)};
  }
};

// Each time it is opened, the last record of every partition is gone.
struct drops_the_tail : passing_log {
  using passing_log::passing_log;
  ~drops_the_tail() override {
    for (std::uint16_t p = 0; p < partition_count; ++p)
      topic_.cut(p, std::max<std::size_t>(topic_.size(p), 2) - 1);
  }
};

// Believes every delivery report: what was lost or void is acknowledged.
struct acknowledges_blindly : passing_log {
  using passing_log::passing_log;
  result<void> append(std::span<const record_ptr> batch) override {
    [[maybe_unused]] auto ignored = inner_->append(batch);
    return ok();
  }
};

// Acknowledges at an offset that is not the record's: every fourth is lost.
struct acknowledges_at_a_false_offset : acknowledges_blindly {
  acknowledges_at_a_false_offset(std::unique_ptr<event_log> inner,
                                 raw_topic& topic)
      : acknowledges_blindly(std::move(inner), topic) {
    topic.set_judge([n = 0]() mutable {
      return ++n % 4 == 0 ? write_fate::is_acknowledged_and_lost
                          : write_fate::arrives;
    });
  }
};

// Reads whatever lies in the topic.
struct counts_void_records : passing_log {
  using passing_log::passing_log;
  result<records> read(std::uint16_t partition, std::uint64_t from,
                       std::size_t limit) override {
    records out;
    for (auto i = from; i < topic_.size(partition) && out.size() < limit; ++i) {
      VARVE_TRY(auto r, record::parse(topic_.at(partition, i)));
      out.push_back(std::move(r));
    }
    return out;
  }
};

// Takes every record as the next one, whatever it names.
struct ignores_prev : passing_log {
  using passing_log::passing_log;
  result<void> append(std::span<const record_ptr> batch) override {
    for (const auto& r : batch)
      added_[r->at().partition].push_back(r);
    return ok();
  }
  result<chain_head> head(std::uint16_t partition) override {
    auto& own = added_[partition];
    return own.empty() ? inner_->head(partition) : head_after(*own.back());
  }
  result<records> read(std::uint16_t partition, std::uint64_t from,
                       std::size_t limit) override {
    VARVE_TRY(auto all, inner_->read(partition, 0, ~std::size_t{0}));
    const auto& own = added_[partition];
    all.insert(all.end(), own.begin(), own.end());
    records out;
    for (auto i = from; i < all.size() && out.size() < limit; ++i)
      out.push_back(all[i]);
    return out;
  }

 private:
  std::map<std::uint16_t, records> added_;
};

struct reads_out_of_order : passing_log {
  using passing_log::passing_log;
  result<records> read(std::uint16_t partition, std::uint64_t from,
                       std::size_t limit) override {
    VARVE_TRY(auto out, inner_->read(partition, from, limit));
    std::reverse(out.begin(), out.end());
    return out;
  }
};

struct ignores_the_limit : passing_log {
  using passing_log::passing_log;
  result<records> read(std::uint16_t partition, std::uint64_t from,
                       std::size_t) override {
    return inner_->read(partition, from, ~std::size_t{0});
  }
};

// Answers with the head it knew the time before.
struct lags_behind : passing_log {
  using passing_log::passing_log;
  result<chain_head> head(std::uint16_t partition) override {
    VARVE_TRY(auto now, inner_->head(partition));
    auto [known, added] = known_.try_emplace(partition, now);
    return std::exchange(known->second, now);
  }

 private:
  std::map<std::uint16_t, chain_head> known_;
};

struct tails_twice : passing_log {
  using passing_log::passing_log;
  result<records> tail(std::chrono::milliseconds patience) override {
    VARVE_TRY(auto out, inner_->tail(patience));
    auto again = out;
    out.insert(out.end(), again.begin(), again.end());
    return out;
  }
};

struct tails_nothing : passing_log {
  using passing_log::passing_log;
  result<records> tail(std::chrono::milliseconds) override {
    return records{};
  }
};

// Hands out from the start what was there before it was opened.
struct tails_from_the_start : passing_log {
  using passing_log::passing_log;
  result<records> tail(std::chrono::milliseconds patience) override {
    if (std::exchange(first_, false))
      return inner_->read(0, 0, 1);
    return inner_->tail(patience);
  }

 private:
  bool first_ = true;
};

// Takes an altered record for the end of the log.
struct reads_past_damage : passing_log {
  using passing_log::passing_log;
  result<chain_head> head(std::uint16_t partition) override {
    auto out = inner_->head(partition);
    return out ? std::move(out) : result<chain_head>{chain_head{}};
  }
  result<records> read(std::uint16_t partition, std::uint64_t from,
                       std::size_t limit) override {
    auto out = inner_->read(partition, from, limit);
    return out ? std::move(out) : result<records>{records{}};
  }
};

struct hides_divergence : passing_log {
  using passing_log::passing_log;
  result<chain_head> head(std::uint16_t partition) override {
    auto out = inner_->head(partition);
    if (!out && out.error().code == errc::log_diverged)
      return chain_head{};
    return out;
  }
};

struct changes_its_id : passing_log {
  changes_its_id(std::unique_ptr<event_log> inner, raw_topic& topic)
      : passing_log(std::move(inner), topic), id_(uuid::v4().str()) {
    // nop
  }
  const std::string& log_id() const noexcept override {
    return id_;
  }

 private:
  std::string id_;
};

struct loses_large_records : passing_log {
  using passing_log::passing_log;
  result<void> append(std::span<const record_ptr> batch) override {
    for (const auto& r : batch)
      if (r->frame().size() > 100'000)
        return ok();
    return inner_->append(batch);
  }
};

struct loses_the_end_of_groups : passing_log {
  using passing_log::passing_log;
  result<void> append(std::span<const record_ptr> batch) override {
    return inner_->append(
        batch.first(std::min<std::size_t>(batch.size(), 1000)));
  }
};

// Which cases find it out.
template <class Log>
std::vector<std::string> found_out() {
  std::vector<std::string> out;
  for (const auto& each : log_contract()) {
    broken_fixture<Log> fixture;
    findings found;
    each.run(fixture, found);
    if (!found.broken().empty())
      out.push_back(each.name);
  }
  return out;
}

template <class Log>
bool finds(const std::string& by_case) {
  auto out = found_out<Log>();
  return std::find(out.begin(), out.end(), by_case) != out.end();
}

} // namespace

TEST_CASE("a fixture that only passes on keeps the contract") {
  CHECK(found_out<passing_log>().empty());
}

TEST_CASE("the contract finds out a log that loses records") {
  CHECK(finds<drops_the_tail>("keeps what it acknowledged"));
  CHECK(finds<acknowledges_at_a_false_offset>("appends large groups in order"));
  CHECK(finds<loses_large_records>("appends records of the largest size"));
  CHECK(finds<loses_the_end_of_groups>("appends large groups in order"));
}

TEST_CASE("the contract finds out a log that takes what does not count") {
  CHECK(finds<acknowledges_blindly>("refuses what does not name the head"));
  CHECK(finds<acknowledges_blindly>("ends an owner whose epoch is over"));
  CHECK(finds<counts_void_records>("skips what is void"));
  CHECK(finds<counts_void_records>("ends an owner whose epoch is over"));
  CHECK(finds<ignores_prev>("refuses what does not name the head"));
  CHECK(finds<ignores_prev>("refuses a second copy"));
}

TEST_CASE("the contract finds out a log that reads wrongly") {
  CHECK(finds<reads_out_of_order>("appends to several partitions at once"));
  CHECK(finds<ignores_the_limit>("reads from anywhere, up to a limit"));
  CHECK(finds<lags_behind>("appends a record and reads it back"));
  CHECK(finds<tails_twice>("tails each record once and in order"));
  CHECK(finds<tails_nothing>("tails each record once and in order"));
  CHECK(finds<tails_from_the_start>("tails only what is new"));
}

TEST_CASE("the contract finds out a log that hides damage") {
  CHECK(
      finds<reads_past_damage>("stops at altered bytes and names the record"));
  CHECK(finds<hides_divergence>("stops where copy and log have parted"));
  CHECK(finds<changes_its_id>("begins every partition as the same log"));
}

} // namespace varve::log::contract
