// Makes the log's topic, and refuses one that is not made for it.
#pragma once

#include <string>

#include "events/kafka_log.hpp"

namespace varve::log::kafka {

// log_diverged when the topic has another number of partitions.
result<void> ensure_topic(const kafka_options& options);

} // namespace varve::log::kafka
