// What one event makes of a sandbox's row. Pure.
#pragma once

#include "projections/queries.hpp"

namespace varve::projections {

// Folds an entry of the sandbox's own stream. `view` as it was, or with
// version 0 for the first. store_failed when the entry cannot follow: another
// version than the next, or an event that is not a sandbox's.
result<void> fold(sandbox_view& view, const schema::Record& record,
                  const schema::Entry& entry);

} // namespace varve::projections
