// Which records a reader of the past wants.
#pragma once

#include <optional>
#include <string>

#include "events/local_store.hpp"
#include "ops/options.hpp"

namespace varve::ops {

struct record_filter {
  std::string aggregate;    // id of one that the record holds an entry of
  std::string organization; // id
  std::optional<schema::Event> event;
  std::optional<schema::Cause> cause;
  timestamp since = 0;
  timestamp until = UINT64_MAX; // inclusive, as `since`
};

// invalid names the option whose text is no such thing.
result<record_filter> parse_filter(const selection& wanted);

// The aggregate and the event have to meet in one entry.
bool matches(const record_filter& wanted, const log::record& r);

} // namespace varve::ops
