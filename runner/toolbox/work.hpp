// Whether anything is at work that a caller started: what is at work is not
// idle, though nobody is connected.
#pragma once

#include "runner/toolbox/command_run.hpp"
#include "runner/toolbox/request.hpp"

namespace varve::toolbox {

// {"running":3}: commands, sessions' commands and interpreters' executions that
// have not ended, terminals with something in the foreground.
response describe_work(const runtime& rt);

} // namespace varve::toolbox
