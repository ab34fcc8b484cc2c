// An event as a member of the union of all.
#pragma once

#include <utility>

#include "schemas/record_generated.h"

namespace varve::log::golden {

template <class T>
schema::EventUnion wrapped(T event) {
  schema::EventUnion out;
  out.Set(std::move(event));
  return out;
}

} // namespace varve::log::golden
