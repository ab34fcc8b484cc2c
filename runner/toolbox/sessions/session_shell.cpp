#include "runner/toolbox/sessions/session_shell.hpp"

#include <cerrno>
#include <vector>

#include <unistd.h>

#include "runner/toolbox/problem.hpp"
#include "runner/toolbox/shell.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

// `command` makes a special builtin's failure an ordinary one, so that a
// syntax error does not end the shell; zsh knows no builtin behind it and
// does not end.
const std::string_view shell_opening =
    "if (command eval :) 2>&7; then echo posix >&9; else echo zsh >&9; fi\n";

namespace {

int tell(int code, const std::string& what) {
  auto text = "!" + what + "\n";
  [[maybe_unused]] auto n = ::write(child_channel, text.data(), text.size());
  return code;
}

bool place_descriptors() {
  return ::dup2(child_channel + 1, shell_input_fd) >= 0
         && ::dup2(child_channel + 2, shell_empty_fd) >= 0
         && ::dup2(child_channel, shell_status_fd) >= 0;
}

} // namespace

int become_session_shell(const guest& g, const std::string& cwd,
                         const std::string& trouble) {
  if (!trouble.empty())
    return tell(125, trouble);
  if (::chdir(cwd.c_str()) != 0)
    return tell(125, "chdir " + cwd + ": " + errno_text(errno));
  std::vector<name_value> pwd{{"PWD", cwd}};
  auto environment = with_variables(g.environment, pwd);
  auto shell = image_shell(environment);
  if (shell.empty())
    return tell(127, "this image has no shell (no sh in PATH and no /bin/sh)");
  if (!place_descriptors())
    return tell(125, "cannot set up descriptors: " + errno_text(errno));
  std::vector<std::string> arguments{shell};
  return tell(126,
              shell + ": "
                  + errno_text(execute_program(shell, arguments, environment)));
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text)
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  return out += '\'';
}

std::string shell_line(shell_kind kind, std::string_view text,
                       bool reads_input) {
  std::string out = kind == shell_kind::posix ? "command eval " : "eval ";
  out += shell_quoted(text);
  out += reads_input ? " <&8" : " <&7";
  out += " 7<&- 8<&- 9>&-\necho $? >&9\n";
  return out;
}

} // namespace varve::toolbox
