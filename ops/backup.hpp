// Copies of the control plane's state (ops/decisions/0002).
#pragma once

#include <string>

#include "events/local_store.hpp"

namespace varve::ops {

// Into a directory that must not exist; consistent while the store serves.
result<void> back_up(log::local_store& store, const std::string& data_dir,
                     const std::string& directory);

// Puts a backup in the place of what `data_dir` holds; no server may run.
result<void> restore_backup(const std::string& directory,
                            const std::string& data_dir);

} // namespace varve::ops
