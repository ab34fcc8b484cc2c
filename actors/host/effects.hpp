#pragma once

#include "actors/host/core.hpp"

namespace varve::host {

// Blocks on the store, the vault and the projection that knows what is placed
// where: spawn it detached.
effects_handle::behavior_type effects(effects_handle::pointer self,
                                      core_ptr shared);

} // namespace varve::host
