// Samples of the events about the log itself.
#pragma once

#include "schemas/record_generated.h"

namespace varve::log::golden {

// NONE when it is another event.
schema::EventUnion log_event(schema::Event event);

} // namespace varve::log::golden
