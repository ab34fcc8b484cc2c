// POST /env and /init: what a caller tells the toolbox itself.
#pragma once

#include <string_view>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox {

constexpr std::size_t settings_body_limit = 1 << 20;

// {"set"?,"unset"?,"unsetValuePrefix"?}: changes the environment of whatever
// starts from here on, until the sandbox stops. All of it or, with a problem,
// none. Problems never hold a value.
outcome<response> change_environment(guest& g, std::string_view body);

// {"token"*}: the token is for the export of telemetry, which this toolbox
// does not do; a sandbox that is told to export some is refused.
outcome<response> initialize(guest& g, std::string_view body);

} // namespace varve::toolbox
