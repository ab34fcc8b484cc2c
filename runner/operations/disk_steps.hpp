// The steps about a sandbox's disk, which is what its files lie on.
#pragma once

#include "runner/operations/steps.hpp"

namespace varve::runner {

// A new one, open in `e.layer`: with nothing on it, and with what was on
// another yet to come, which may have been full.
result<void> make_disk(execution& e);
result<void> make_disk_to_fill(execution& e);

// As large as it is to be, with a little room for a start whatever is on it;
// and that taken back.
result<void> open_disk(execution& e);
result<void> limit_disk(execution& e);

// What a sandbox that may run or not has written. A disk that was to grow
// meanwhile has done so.
result<writable_layer> look_at_disk(execution& e, const std::string& id);

// The disk of one that is to stop. While this is there, nobody whose end is
// waited for is the last to have it mounted. Nothing where it is no image, or
// is not mounted.
unique_fd hold_disk(const execution& e);

// Waits until nothing has it mounted any more.
result<void> free_disk(execution& e);
// Disk and files are gone, and the limit with them.
result<void> drop_files(execution& e);

} // namespace varve::runner
