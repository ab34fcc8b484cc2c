// What the kernel said of late, for whoever wants to know which process it
// ended.
#pragma once

#include <string>

namespace varve::runner {

// The name of the process that the kernel ended last for want of memory in
// this control group; empty when it does not say, which it need not: it keeps
// a bounded log, and says little when much happens at once. Any thread.
std::string last_oom_victim(const std::string& group);

// The same of one line of it; empty when it is about something else.
std::string oom_victim_in(const std::string& line, const std::string& group);

} // namespace varve::runner
