// Makes the log's topic, and refuses one that is not made for it.
#pragma once

#include <string>

#include "events/kafka_log.hpp"

namespace varve::log::kafka {

// log_diverged when the topic has another number of partitions. Returns how
// many copies each has.
result<unsigned> ensure_topic(const kafka_options& options);

// log_diverged when a setting of the topic would lose records, naming it.
result<void> check_topic(const kafka_options& options, unsigned copies);

} // namespace varve::log::kafka
