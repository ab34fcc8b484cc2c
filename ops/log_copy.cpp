#include "ops/log_copy.hpp"

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "events/chain.hpp"
#include "events/kafka_log.hpp"
#include "events/local_store.hpp"
#include "events/partition_records.hpp"
#include "ops/files.hpp"
#include "ops/log_place.hpp"
#include "ops/node_log.hpp"

namespace varve::ops {

namespace {

constexpr std::string_view embedded_scheme = "embedded://";
constexpr std::size_t at_once = 512;
// An owner that still runs may write between the look and the seal.
constexpr int most_seals = 20;

using records = std::vector<log::record_ptr>;

// One of the two places.
class log_end {
 public:
  virtual ~log_end() = default;

  std::string place;
  virtual result<log::chain_head> head(std::uint16_t partition) = 0;
  virtual result<records> read(std::uint16_t partition, std::uint64_t from,
                               std::size_t limit) = 0;
  virtual result<void> add(const records& batch) = 0;
  // The log is at `where` now.
  virtual result<void> moved(const std::string& where) = 0;
};

class directory_end final : public log_end {
 public:
  static result<std::unique_ptr<log_end>> open(const std::string& path) {
    if (path.empty() || path.front() != '/')
      return failure(errc::invalid,
                     "embedded:// wants an absolute path behind it");
    auto out = std::make_unique<directory_end>();
    out->path_ = path;
    VARVE_CHECK(make_private_directory(path + "/log"));
    VARVE_TRY(auto lock, file_lock::take(path + "/lock"));
    out->lock_ = std::move(lock);
    VARVE_TRY(out->place, place_to_be(path));
    VARVE_TRY(out->store_, log::local_store::open({.path = path + "/log"}));
    return std::unique_ptr<log_end>{std::move(out)};
  }
  result<log::chain_head> head(std::uint16_t partition) override {
    return store_->head(partition);
  }
  result<records> read(std::uint16_t partition, std::uint64_t from,
                       std::size_t limit) override {
    return store_->read(partition, from, limit);
  }
  result<void> add(const records& batch) override {
    return store_->put(batch, true);
  }
  result<void> moved(const std::string& where) override {
    return set_place(path_, where);
  }

 private:
  std::string path_;
  std::optional<file_lock> lock_;
  std::unique_ptr<log::local_store> store_;
};

class topic_end final : public log_end {
 public:
  static result<std::unique_ptr<log_end>> open(log::kafka_options how) {
    how.begins = false;
    VARVE_CHECK(log::prepare_kafka_topic(how));
    auto out = std::make_unique<topic_end>();
    VARVE_TRY(out->log_, log::open_kafka_log(std::move(how)));
    out->place = out->log_->place();
    return std::unique_ptr<log_end>{std::move(out)};
  }
  result<log::chain_head> head(std::uint16_t partition) override {
    return log_->head(partition);
  }
  result<records> read(std::uint16_t partition, std::uint64_t from,
                       std::size_t limit) override {
    return log_->read(partition, from, limit);
  }
  result<void> add(const records& batch) override {
    return log_->append(batch);
  }
  result<void> moved(const std::string&) override {
    return ok();
  }

 private:
  std::unique_ptr<log::event_log> log_;
};

result<std::unique_ptr<log_end>>
open_end(const options& chosen, const std::string& url, bool is_source) {
  if (url.starts_with(embedded_scheme))
    return directory_end::open(url.substr(embedded_scheme.size()));
  VARVE_TRY(auto how, kafka_of(chosen, url));
  how.makes_topic = !is_source;
  return topic_end::open(std::move(how));
}

error conflict(std::uint16_t partition, std::string why) {
  return {errc::conflict,
          "partition " + std::to_string(partition) + ": " + std::move(why)};
}

class move {
 public:
  move(log_end& from, log_end& to) : from_(from), to_(to) {
    // nop
  }

  result<void> run() {
    VARVE_CHECK(for_each(&move::compare));
    VARVE_CHECK(for_each(&move::copy));
    VARVE_CHECK(seal());
    VARVE_CHECK(for_each(&move::copy));
    return for_each(&move::check_end);
  }
  std::uint64_t copied() const noexcept {
    return copied_;
  }

 private:
  result<void> for_each(result<void> (move::*step)(std::uint16_t)) {
    for (std::uint16_t p = 0; p < log::partition_count; ++p) {
      VARVE_CHECK((this->*step)(p));
    }
    return ok();
  }

  // By induction over the chain one record that is the same is enough.
  result<void> compare(std::uint16_t partition) {
    VARVE_TRY(auto source, from_.head(partition));
    VARVE_TRY(auto target, to_.head(partition));
    if (source.next_index == 0)
      return conflict(partition, "there is no log to copy");
    if (target.next_index == 0)
      return ok();
    if (target.next_index > source.next_index)
      return conflict(partition, "the target has more records");
    VARVE_TRY(auto same, from_.read(partition, target.next_index - 1, 1));
    if (same.empty() || same[0]->hash() != target.hash)
      return conflict(partition, "the target holds other records");
    return ok();
  }

  result<void> copy(std::uint16_t partition) {
    for (;;) {
      VARVE_TRY(auto target, to_.head(partition));
      VARVE_TRY(auto more, from_.read(partition, target.next_index, at_once));
      if (more.empty())
        return ok();
      VARVE_CHECK(to_.add(more));
      copied_ += more.size();
    }
  }

  result<void> seal() {
    for (int i = 0; i < most_seals; ++i) {
      VARVE_TRY(auto missing, unsealed());
      if (missing.empty())
        return ok();
      auto added = from_.add(missing);
      if (!added && added.error().code != errc::log_void)
        return added;
    }
    return failure(errc::conflict, "the source is written all the time: end "
                                   "its servers first");
  }

  // The seals that are still to be written.
  result<records> unsealed() {
    records out;
    for (std::uint16_t p = 0; p < log::partition_count; ++p) {
      VARVE_TRY(auto head, from_.head(p));
      VARVE_TRY(auto last, from_.read(p, head.next_index - 1, 1));
      const auto* sealed =
          last.empty()
              ? nullptr
              : last[0]->view().entries()->Get(0)->event_as_LogSealed();
      // One for the source itself is how the log once came there.
      if (sealed && sealed->place()->string_view() == to_.place)
        continue;
      if (sealed && sealed->place()->string_view() != from_.place)
        return conflict(p, "the log was moved to " + sealed->place()->str());
      VARVE_TRY(auto record, log::record::seal(log::log_sealed(
                                 head, p, to_.place, system_clock{}.now())));
      out.push_back(std::move(record));
    }
    return out;
  }

  result<void> check_end(std::uint16_t partition) {
    VARVE_TRY(auto source, from_.head(partition));
    VARVE_TRY(auto target, to_.head(partition));
    return source == target
               ? result<void>{ok()}
               : result<void>{conflict(partition, "the copy ends elsewhere")};
  }

  log_end& from_;
  log_end& to_;
  std::uint64_t copied_ = 0;
};

} // namespace

result<void> copy_log(const options& chosen) {
  const auto& w = chosen.wanted;
  if (w.from.starts_with(embedded_scheme) == w.to.starts_with(embedded_scheme))
    return failure(errc::unsupported,
                   "a log is copied between a data directory and Kafka");
  VARVE_TRY(auto from, open_end(chosen, w.from, true));
  VARVE_TRY(auto to, open_end(chosen, w.to, false));
  move work{*from, *to};
  VARVE_CHECK(work.run());
  VARVE_CHECK(from->moved(to->place));
  VARVE_CHECK(to->moved(to->place));
  std::printf("%llu records copied; the log goes on at %s\n",
              static_cast<unsigned long long>(work.copied()),
              to->place.c_str());
  return ok();
}

} // namespace varve::ops
