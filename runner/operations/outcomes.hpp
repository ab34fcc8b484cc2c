// What an operation is answered with, and what the kernel and the disk say
// about its sandbox.
#pragma once

#include <string>

#include "runner/operations/steps.hpp"

namespace varve::runner {

schema::OutcomeT failed(const execution& e, const error& why,
                        schema::Present now, bool recoverable);
schema::OutcomeT done(const execution& e, schema::Present now);

// " (what PID 1 said last)", or nothing.
std::string last_words(const sandbox_end& end);
// As a shell counts; -1 = nobody saw it.
int exit_code(const sandbox_end& end);

bool has_files(const execution& e);
// What is there of one that does not run.
schema::Present resting(execution& e);
// What the kernel says.
schema::Present present_of(execution& e);

} // namespace varve::runner
