// Ends what an errand's process waits for when its time is over or nobody
// waits for its answer any more: system calls that block return, and the
// library unwinds and takes back what it has half done. libgit2 1.5 has no
// time-outs of its own.
#pragma once

#include <chrono>
#include <optional>

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox::git {

// From here to the answer.
constexpr auto time_limit = std::chrono::minutes{30};
// Of a remote, without any progress.
constexpr auto silence_limit = std::chrono::minutes{2};

// Once, in the errand's process; also takes SIGTERM for "nobody waits".
void limit_time(exchange& ex, std::chrono::seconds total);

// Until `end_silence_limit`, each `limit` without `note_progress` is an end.
void limit_silence(std::chrono::seconds limit);
void note_progress();
void end_silence_limit();

// Whether, and why, what runs should end.
bool is_interrupted();
std::optional<problem> interruption();

} // namespace varve::toolbox::git
