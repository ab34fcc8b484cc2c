// Pages of an organization's sandboxes.
#pragma once

#include "projections/sandbox_projection.hpp"

namespace varve::projections {

// One page after `cursor` (empty: from the start), of at most `limit` (1 or
// more). Every page shows one state of the rows; a sandbox that does not
// change between pages is on exactly one of them. invalid: cursor or limit.
result<sandbox_page> list(const sandbox_projection& sandboxes,
                          std::string_view organization,
                          const sandbox_filter& filter, std::string_view cursor,
                          std::size_t limit);

// Whether a sandbox that is not destroyed belongs to the list at all.
bool matches(const sandbox_filter& filter, const sandbox_view& view);

} // namespace varve::projections
