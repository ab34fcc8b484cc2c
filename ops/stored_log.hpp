// A data directory's log, to be read.
#pragma once

#include <functional>
#include <memory>

#include "events/local_store.hpp"
#include "ops/options.hpp"

namespace varve::ops {

// Also beside a running server: as of now, and never written.
result<std::unique_ptr<log::local_store>> open_to_read(const options& chosen);

// Every record, partition by partition, each in the order of its chain. False
// ends the partition.
result<void>
for_each_record(log::local_store& store,
                const std::function<bool(const log::record_ptr&)>& visit);

} // namespace varve::ops
