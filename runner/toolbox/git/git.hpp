// The handlers of /git/*, each an errand (see errand.hpp).
#pragma once

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox::git {

void clone(exchange& ex);         // POST /git/clone
void init(exchange& ex);          // POST /git/init
void status(exchange& ex);        // GET /git/status
void history(exchange& ex);       // GET /git/history
void branches(exchange& ex);      // GET /git/branches
void create_branch(exchange& ex); // POST /git/branches
void delete_branch(exchange& ex); // DELETE /git/branches
void checkout(exchange& ex);      // POST /git/checkout
void add(exchange& ex);           // POST /git/add
void commit_staged(exchange& ex); // POST /git/commit
void reset(exchange& ex);         // POST /git/reset
void restore(exchange& ex);       // POST /git/restore
void push(exchange& ex);          // POST /git/push
void pull(exchange& ex);          // POST /git/pull
void remotes(exchange& ex);       // GET /git/remotes
void add_remote(exchange& ex);    // POST /git/remotes
void get_config(exchange& ex);    // GET /git/config
void set_config(exchange& ex);    // POST /git/config
void set_user(exchange& ex);      // POST /git/config/user
void credentials(exchange& ex);   // POST /git/credentials

} // namespace varve::toolbox::git
