// The memory log as a log under test.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tests/contract/log/log_contract.hpp"
#include "tests/contract/log/memory_log.hpp"

namespace varve::log::contract {

class memory_fixture : public log_fixture {
 public:
  memory_fixture() {
    [[maybe_unused]] auto opened = memory_fixture::reopen();
  }
  event_log& log() override {
    return *log_;
  }
  result<void> reopen() override {
    log_.reset();
    VARVE_TRY(log_, open());
    return ok();
  }
  bool has_rivals() const override {
    return true;
  }
  result<std::unique_ptr<event_log>> open_rival() override {
    return open();
  }
  bool takes_foreign_bytes() const override {
    return true;
  }
  result<void> write_foreign(std::uint16_t partition,
                             std::vector<std::byte> bytes) override {
    topic_->write(partition, std::move(bytes));
    return ok();
  }
  raw_topic& topic() noexcept {
    return *topic_;
  }

 protected:
  virtual result<std::unique_ptr<event_log>> open() {
    VARVE_TRY(auto opened, memory_log::open(topic_));
    return std::unique_ptr<event_log>{std::move(opened)};
  }
  std::shared_ptr<raw_topic> topic_ = std::make_shared<raw_topic>();

 private:
  std::unique_ptr<event_log> log_;
};

} // namespace varve::log::contract
