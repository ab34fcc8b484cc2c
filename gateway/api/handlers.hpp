// What the API's routes do. Each checks its input, asks the ports and renders
// the answer; errors are rendered by the caller.
#pragma once

#include "gateway/api/services.hpp"

namespace varve::gateway {

using answer = awaitable<result<response>>;

// about_handlers.cpp
answer health(services& s, const request& r);
answer get_config(services& s, const request& r);
answer list_regions(services& s, const request& r);
answer get_region(services& s, const request& r);
answer current_api_key(services& s, const request& r);

// snapshot_handlers.cpp
answer list_snapshots(services& s, const request& r);
answer get_snapshot(services& s, const request& r);

// snapshot_commands.cpp
answer create_snapshot(services& s, const request& r);
answer delete_snapshot(services& s, const request& r);
answer activate_snapshot(services& s, const request& r);
answer deactivate_snapshot(services& s, const request& r);

// build_log.cpp
answer get_snapshot_build_log_url(services& s, const request& r);
answer get_sandbox_build_log_url(services& s, const request& r);

// event_handlers.cpp
answer list_sandbox_events(services& s, const request& r);

// usage_handlers.cpp
answer get_organization_usage(services& s, const request& r);
answer list_usage(services& s, const request& r);
answer get_start_queue(services& s, const request& r);

// preview_handlers.cpp
answer get_preview_url(services& s, const request& r);

// signing_handlers.cpp
answer get_signing_key(services& s, const request& r);
answer rotate_signing_key(services& s, const request& r);

// sandbox_list.cpp
answer list_sandboxes(services& s, const request& r);

// sandbox_pages.cpp
answer list_sandbox_pages(services& s, const request& r);

// create_sandbox.cpp
answer create_sandbox(services& s, const request& r);

// sandbox_handlers.cpp
answer get_sandbox(services& s, const request& r);
answer delete_sandbox(services& s, const request& r);
answer start_sandbox(services& s, const request& r);
answer stop_sandbox(services& s, const request& r);
answer recover_sandbox(services& s, const request& r);
answer replace_labels(services& s, const request& r);
answer touch_sandbox(services& s, const request& r);
answer get_toolbox_proxy_url(services& s, const request& r);

// setting_handlers.cpp
answer pause_sandbox(services& s, const request& r);
answer resize_sandbox(services& s, const request& r);
answer set_network(services& s, const request& r);
answer set_public(services& s, const request& r);
answer set_auto_stop(services& s, const request& r);
answer set_auto_pause(services& s, const request& r);
answer set_auto_archive(services& s, const request& r);
answer set_auto_delete(services& s, const request& r);
answer set_ttl(services& s, const request& r);
answer archive_sandbox(services& s, const request& r);

// fork_handlers.cpp
answer fork_sandbox(services& s, const request& r);
answer list_forks(services& s, const request& r);
answer get_parent(services& s, const request& r);
answer list_ancestors(services& s, const request& r);

} // namespace varve::gateway
