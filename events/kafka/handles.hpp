// librdkafka's handles, owned.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "events/base/result.hpp"
#include "events/kafka_log.hpp"

namespace varve::log::kafka {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

using client_handle = std::unique_ptr<rd_kafka_t, freed_by<rd_kafka_destroy>>;
using conf_handle =
    std::unique_ptr<rd_kafka_conf_t, freed_by<rd_kafka_conf_destroy>>;
using message_handle =
    std::unique_ptr<rd_kafka_message_t, freed_by<rd_kafka_message_destroy>>;
using partition_list =
    std::unique_ptr<rd_kafka_topic_partition_list_t,
                    freed_by<rd_kafka_topic_partition_list_destroy>>;
using new_topic_handle =
    std::unique_ptr<rd_kafka_NewTopic_t, freed_by<rd_kafka_NewTopic_destroy>>;
using queue_handle =
    std::unique_ptr<rd_kafka_queue_t, freed_by<rd_kafka_queue_destroy>>;
using event_handle =
    std::unique_ptr<rd_kafka_event_t, freed_by<rd_kafka_event_destroy>>;

using settings = std::vector<std::pair<const char*, std::string>>;

// invalid when librdkafka does not know a setting.
result<conf_handle> make_conf(const settings& wanted);
// With the brokers, and how they are reached.
result<conf_handle> make_conf(const kafka_options& options,
                              const settings& wanted);

// Takes over `conf`.
result<client_handle> make_client(rd_kafka_type_t type, conf_handle conf);

// A broker that cannot be reached is log_unavailable, as is anything else
// that may go away by itself.
error from_code(std::string what, rd_kafka_resp_err_t code);

} // namespace varve::log::kafka
