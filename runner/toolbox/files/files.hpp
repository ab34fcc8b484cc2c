// The handlers of /files/*, each an errand (see errand.hpp).
#pragma once

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox::files {

void list(exchange& ex);          // GET /files
void info(exchange& ex);          // GET /files/info
void folder(exchange& ex);        // POST /files/folder
void remove(exchange& ex);        // DELETE /files
void move(exchange& ex);          // POST /files/move
void permissions(exchange& ex);   // POST /files/permissions
void find(exchange& ex);          // GET /files/find
void search(exchange& ex);        // GET /files/search
void replace(exchange& ex);       // POST /files/replace
void download(exchange& ex);      // GET /files/download
void upload(exchange& ex);        // POST /files/upload
void upload_v2(exchange& ex);     // POST /files/upload-v2
void bulk_upload(exchange& ex);   // POST /files/bulk-upload
void bulk_download(exchange& ex); // POST /files/bulk-download

} // namespace varve::toolbox::files
