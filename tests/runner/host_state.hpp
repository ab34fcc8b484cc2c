// What a runner could leave behind, as lines that can be compared.
#pragma once

#include <string>
#include <vector>

#include "runner/operations/runner_config.hpp"

namespace varve::runner {

// Mounts, links, routes, control groups, processes, rules, files under the
// data and run-time directories; the journal's own files excepted, and images.
std::vector<std::string> host_state(const config& settings);

// Lines in only one of the two, marked "- " and "+ "; empty when equal.
std::string changes(const std::vector<std::string>& before,
                    const std::vector<std::string>& after);

// Open in this process.
std::size_t count_descriptors();

} // namespace varve::runner
