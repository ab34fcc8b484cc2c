// `varve log copy`: a log moves to another place, byte by byte.
#pragma once

#include "events/base/result.hpp"
#include "ops/options.hpp"

namespace varve::ops {

// Copies every record that counts to the same position, ends the source by a
// LogSealed in each partition, and copies those. What was done before is not
// done again, so it may be repeated until it succeeds. Afterwards nobody owns
// the source, and the data directory that was given belongs to where the log
// is now. A data directory's server must not run. conflict: the two are not
// the same log, or it was moved elsewhere already.
result<void> copy_log(const options& chosen);

} // namespace varve::ops
