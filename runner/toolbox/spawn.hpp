// Forks children that act as the sandbox's user. PID 1 has one thread, so
// the child may run any code before it executes a program or exits.
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "events/base/result.hpp"
#include "runner/toolbox/guest.hpp"

namespace varve::toolbox {

// Where a child finds the descriptor it got besides stdin, stdout, stderr;
// it is closed when the child executes a program.
constexpr int child_channel = 3;

// Descriptors of PID 1 that a child uses while it sets up lie from here on.
constexpr int first_free_fd = 16;

struct child_files {
  int in = -1;
  int out = -1;
  int err = -1;
  int channel = -1; // -1: none
  // At child_channel + 1 and + 2, closed like the channel; only with one.
  int second = -1;
  int third = -1;
};

// What the child does once it is in the guest's cgroup, in a session of its
// own, with no other descriptors and as the user. `trouble` says why one of
// these steps failed, and is empty when all went well: then, and only then,
// may it act for the caller. Its value is the exit code.
using child_body = std::function<int(const std::string& trouble)>;

// The pid, also the process group; the caller closes its own descriptors.
result<pid_t> fork_as_user(const guest& g, const child_files& files,
                           const child_body& body);

// In a child: replaces the process; returns errno.
int execute_program(const std::string& path,
                    const std::vector<std::string>& arguments,
                    const std::vector<std::string>& environment);

// The first executable file of that name in PATH; empty when there is none.
std::string find_program(std::string_view name, std::string_view path);

} // namespace varve::toolbox
