// Where a generation to go on with comes from at start.
#pragma once

#include "events/local_store.hpp"
#include "projections/generation.hpp"

namespace varve::projections {

// The generation that served before, if it can be read and its positions are
// of the store's log; else an empty one in its place. Erases all others.
result<std::shared_ptr<generation>> find_origin(log::local_store& store,
                                                const database& base);

} // namespace varve::projections
