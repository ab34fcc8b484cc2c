// What a Dockerfile says about images, read before anything is built: only
// what it names is handed to the build.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

// The images that it needs, as it calls them, each once: of FROM, COPY --from
// and RUN --mount. Arguments of FROM are replaced by their defaults.
// Errors: invalid, with words for whoever wrote it.
result<std::vector<std::string>> images_in(std::string_view dockerfile);

} // namespace varve::runner
