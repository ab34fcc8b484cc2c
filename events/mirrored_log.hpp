// A log that lies elsewhere, and this node's copy of it in the local store.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "events/local_store.hpp"
#include "events/log.hpp"

namespace varve::log {

// What counts there is put into the store in the order of each chain: by
// append() before it returns, by tail() for what others wrote. So whatever was
// acknowledged here can be read here, and indexes and read models are built
// from the store as they are on one machine.
//
// Once another node has begun an epoch after this one did, or the log was
// sealed for another place, this node writes nothing more: every further
// append() is log_unavailable, saying who has it, or log_void.
class mirrored_log final : public event_log {
 public:
  // Brings the store up to what the log holds now. `node` is what this node
  // writes into its EpochStarted. log_diverged when the store is another log's
  // or holds what the log does not. The store outlives the log.
  static result<std::unique_ptr<mirrored_log>>
  open(std::unique_ptr<event_log> elsewhere, local_store& store,
       std::string node);

  const std::string& log_id() const noexcept override {
    return elsewhere_->log_id();
  }
  std::string place() const override {
    return elsewhere_->place();
  }
  result<void> append(std::span<const record_ptr> batch) override;
  disk_state disk() override;
  result<chain_head> head(std::uint16_t partition) override;
  // From the store, once that has it.
  result<std::vector<record_ptr>>
  read(std::uint16_t partition, std::uint64_t from, std::size_t limit) override;
  // To be called again and again, by one thread: it is what keeps the copy up
  // with what others write.
  result<std::vector<record_ptr>>
  tail(std::chrono::milliseconds patience) override;

 private:
  mirrored_log(std::unique_ptr<event_log> elsewhere, local_store& store,
               std::string node);

  result<void> check_origin(std::uint16_t partition, const chain_head& there);
  // All of these with the mutex held.
  result<void> catch_up(std::uint16_t partition, std::uint64_t end);
  enum class whose : std::uint8_t { ours, anybodys };
  result<void> keep(std::span<const record_ptr> records, whose writer);
  result<void> put(std::span<const record_ptr> records, whose writer);
  void look_for_successor(const record& r);
  result<void> may_write(std::span<const record_ptr> batch);

  std::unique_ptr<event_log> elsewhere_;
  local_store& store_;
  std::string node_;

  std::mutex mutex_; // the store has one writer at a time
  bool serves_ = false;
  bool owned_ = false;         // this node began an epoch
  std::optional<error> fault_; // the store: only a new start helps
  std::string successor_;
};

} // namespace varve::log
