// What was said while the image of a snapshot or sandbox was pulled: as it is
// so far, or (follow=true) until that is over. Plain text; offset=N skips the
// first N bytes, so that a reader who was cut off can go on.
#pragma once

#include "gateway/api/handlers.hpp"
#include "gateway/server/connection.hpp"
#include "gateway/server/site.hpp"

namespace varve::gateway {

// The routes that are answered with a log. They are never run.
answer snapshot_build_log(services& s, const request& r);
answer sandbox_build_log(services& s, const request& r);

// `with` finishes answers and outlives the request.
awaitable<stream_end> stream_build_log(services& s, client_side client,
                                       const request& r, bool of_snapshot,
                                       const serving& with);

} // namespace varve::gateway
