// The place in a list where the next page begins: what clients hand back
// unread.
#pragma once

#include "projections/queries.hpp"

namespace varve::projections {

// The last sandbox of a page, by its place in the order.
struct list_cursor {
  std::string name;         // when sorted by name
  std::uint64_t number = 0; // else
  std::string id;

  static list_cursor of(sandbox_sort sort, const sandbox_view& last);

  // Base64url of the JSON {"sortValue": ..., "id": ...}.
  std::string encode(sandbox_sort sort) const;
  // invalid when it is not what encode made for such an order.
  static result<list_cursor> decode(sandbox_sort sort, std::string_view text);
};

} // namespace varve::projections
