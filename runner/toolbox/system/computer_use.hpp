// The routes of computer use, which this toolbox knows and does not serve.
#pragma once

#include <string_view>

namespace varve::toolbox {

// The route that a request is for, as "GET /computeruse/recordings/{id}";
// empty: there is none. Of static storage.
std::string_view computer_use_route(std::string_view method,
                                    std::string_view path);

} // namespace varve::toolbox
