// The log that the command line names, and what keeps a copy of it fresh.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "events/base/clock.hpp"
#include "events/kafka_log.hpp"
#include "events/local_store.hpp"
#include "events/log.hpp"
#include "ops/options.hpp"

namespace varve::ops {

bool is_elsewhere(const options& chosen) noexcept;

// What a kafka:// URL of the command line and --log-settings say together.
result<log::kafka_options> kafka_of(const options& chosen,
                                    const std::string& url);

// The log in the store itself, or the store as a copy of one on Kafka: then
// the topic is made or checked first, and the store brought up to it.
result<std::unique_ptr<log::event_log>> open_log(const options& chosen,
                                                 log::local_store& store,
                                                 const clock& time,
                                                 const std::string& node);

// A thread that reads what others write.
class log_follower {
 public:
  using records = std::span<const log::record_ptr>;

  log_follower(log::event_log& followed, std::function<void(records)> tell);
  ~log_follower();

 private:
  void run();

  log::event_log& log_;
  std::function<void(records)> tell_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ends_ = false;
  std::thread thread_;
};

} // namespace varve::ops
