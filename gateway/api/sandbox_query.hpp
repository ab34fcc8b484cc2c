// What a list of sandboxes is asked for, in the two ways clients ask.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/url.hpp"
#include "projections/queries.hpp"

namespace varve::gateway {

using named_sort = std::pair<std::string_view, projections::sandbox_sort>;

// Where the two lists differ.
struct list_dialect {
  std::string_view regions; // the parameter
  std::string default_sort;
  std::span<const named_sort> sorts;
};

struct list_query {
  projections::sandbox_filter filter;
  std::size_t limit = 0;
  // It asks for something no sandbox here can have.
  bool matches_nothing = false;
};

// invalid, naming the parameter.
result<list_query> read_list_query(const query_parameters& q,
                                   const list_dialect& as);

} // namespace varve::gateway
