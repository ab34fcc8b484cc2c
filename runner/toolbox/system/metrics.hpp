// GET /system/metrics, as an errand: what the sandbox uses of what it may use,
// from its control groups and its file system.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox {

struct memory_use {
  std::uint64_t total = 0; // bytes it may use
  std::uint64_t used = 0;  // without the cache
  std::uint64_t cache = 0; // pages of files
};

// `root` is where control groups are mounted, of either version: usually
// /sys/fs/cgroup. Without a limit, total is the machine's.
memory_use read_memory(const std::string& root);
// Processors it may use, where that is limited.
std::optional<double> read_processor_limit(const std::string& root);
// Processor time it has used, where the kernel counts that for the group.
std::optional<std::uint64_t>
read_processor_nanoseconds(const std::string& root);

void system_metrics(exchange& ex);

} // namespace varve::toolbox
