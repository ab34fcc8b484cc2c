// The shell of a session and what it is told to do. It reads the lines below
// from its stdin; every command shares its state.
#pragma once

#include <string>
#include <string_view>

#include "runner/toolbox/guest.hpp"

namespace varve::toolbox {

// Descriptors the shell has besides stdin, stdout and stderr, and its
// commands have not: dash can only name single digits.
constexpr int shell_empty_fd = 7;  // reads as empty
constexpr int shell_input_fd = 8;  // what callers send to a command
constexpr int shell_status_fd = 9; // exit codes, a line each

// In the child, which has the three from child_channel on, in that order:
// becomes the shell. On failure says why on the status descriptor, after a
// '!', and returns the exit code.
int become_session_shell(const guest& g, const std::string& cwd,
                         const std::string& trouble);

// The first line: the shell says what keeps it alive through a syntax error.
extern const std::string_view shell_opening;

// What it answers to that.
enum class shell_kind { posix, zsh };

// Runs the text in the shell itself, then tells its exit code.
std::string shell_line(shell_kind kind, std::string_view text,
                       bool reads_input);

// A word that the shell takes as it stands.
std::string shell_quoted(std::string_view text);

} // namespace varve::toolbox
