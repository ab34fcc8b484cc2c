// Samples of the events about images that are pulled.
#pragma once

#include "schemas/record_generated.h"

namespace varve::log::golden {

// NONE when it is another event.
schema::EventUnion image_event(schema::Event event);

} // namespace varve::log::golden
