// Times of commits as clients read them.
#pragma once

#include <cstdint>
#include <string>

namespace varve::toolbox::git {

// RFC 3339 from seconds since 1970 and the author's offset in minutes.
std::string commit_time(std::int64_t seconds, int offset);

} // namespace varve::toolbox::git
