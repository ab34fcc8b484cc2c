// The verbs of the command line.
#pragma once

#include <string_view>

#include "events/base/result.hpp"
#include "ops/options.hpp"

namespace varve::ops {

using command_function = result<void> (*)(const options&);

// nullptr when there is no such verb.
command_function find_command(std::string_view verb) noexcept;

// Runs until SIGTERM or SIGINT; sandboxes keep running. (serve.cpp)
result<void> serve(const options& chosen);

// Through the running server. (admin_commands.cpp)
result<void> key(const options& chosen);
result<void> organization(const options& chosen);
result<void> backup(const options& chosen);
result<void> projections(const options& chosen);

// What the log holds, also beside a running server.
result<void> log(const options& chosen);    // (log_commands.cpp)
result<void> replay(const options& chosen); // (replay_commands.cpp)

// On the data directory itself. (data_commands.cpp)
result<void> restore(const options& chosen);
result<void> stop_all(const options& chosen);
result<void> purge(const options& chosen);

} // namespace varve::ops
