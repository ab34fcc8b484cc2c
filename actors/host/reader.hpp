#pragma once

#include "actors/host/core.hpp"

namespace varve::host {

// Blocks on the store: spawn it detached.
reader_handle::behavior_type reader(reader_handle::pointer self,
                                    core_ptr shared);

} // namespace varve::host
