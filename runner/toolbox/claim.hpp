// A toolbox that was started before anybody wanted its sandbox waits until the
// runner tells it, over the socket and so in memory only, whose it is.
#pragma once

#include <string_view>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox {

// Nothing else is served while it waits.
inline constexpr std::string_view claim_path = "/varve/claim";

// A configuration of no bytes: whose it is comes as a claim. A guest without
// a work directory is nobody's.
inline bool is_unclaimed(const guest& g) noexcept {
  return g.workdir.empty();
}

// User, work directory and environment follow from the configuration. Before
// any guest code runs: it looks at the guest's file system.
void take_identity(guest& g);

// The configuration of guest.hpp, whole; answers like GET /version. A conflict
// once it is somebody's. Problems never hold a value of env.
outcome<response> claim(guest& g, std::string_view body);

// {"waits":true}
response describe_claim(const guest& g);

// {"version","user","note"?}
response describe_version(const guest& g);

} // namespace varve::toolbox
