// The handlers of /files/*, each an errand (see errand.hpp).
#pragma once

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox::files {

void download(exchange& ex);
void upload(exchange& ex);
void upload_v2(exchange& ex);
void bulk_upload(exchange& ex);

} // namespace varve::toolbox::files
