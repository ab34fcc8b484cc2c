// A language server's keeper: a child of PID 1, the sandbox's user and in the
// guest's cgroup, that starts the server, speaks with it and answers for it.
// Whatever the server writes is read here, never by PID 1.
//
//   PID 1                      keeper                    language server
//     | fork ------------------->| fork, exec ---------------->|
//     |                          | initialize ---------------->|
//     |<------- keeper_ready ----|<----------------------------|
//     | request + socket ------->| ask ----------------------->|
//     |<== the answer, over that socket ==|<-------------------|
//     |<------- why it ended ----|
//
// One request at a time, in order.
#pragma once

#include <cstddef>
#include <string>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/lsp/languages.hpp"

namespace varve::toolbox {

constexpr const char* keeper_ready = "ready";
// Of one message either way; requests are shorter than their bodies.
constexpr std::size_t keeper_message_limit = 96 << 10;

// In the child, with the channel to PID 1 (SOCK_SEQPACKET) at child_channel:
// serves until the channel or the server ends; the exit code.
int keep_language_server(const guest& g, const language& of,
                         const std::string& project,
                         const std::string& trouble);

} // namespace varve::toolbox
