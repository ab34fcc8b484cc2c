#include "runner/toolbox/shell.hpp"

#include "runner/toolbox/accounts.hpp"
#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

constexpr std::size_t shells_limit = 64 << 10;

bool lists(std::string_view etc_shells, std::string_view shell) {
  while (!etc_shells.empty()) {
    auto line = etc_shells.substr(0, etc_shells.find('\n'));
    etc_shells.remove_prefix(std::min(etc_shells.size(), line.size() + 1));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r'))
      line.remove_suffix(1);
    if (line == shell)
      return true;
  }
  return false;
}

// Others (fish, csh, nologin) do not read POSIX scripts.
bool is_posix_shell(std::string_view path) {
  auto name = path.substr(path.rfind('/') + 1);
  for (std::string_view known : {"sh", "bash", "dash", "ash", "ksh", "zsh"})
    if (name == known)
      return true;
  return false;
}

} // namespace

std::string choose_shell(std::string_view etc_shells, std::string_view wanted,
                         std::string_view path,
                         const path_check& is_executable) {
  for (const char* shell :
       {"/usr/bin/zsh", "/bin/zsh", "/usr/bin/bash", "/bin/bash"})
    if (lists(etc_shells, shell) && is_executable(shell))
      return shell;
  if (is_posix_shell(wanted) && wanted.front() == '/'
      && is_executable(std::string{wanted}))
    return std::string{wanted};
  while (!path.empty()) {
    auto folder = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(path.size(), folder.size() + 1));
    auto full = std::string{folder} + "/sh";
    if (!folder.empty() && is_executable(full))
      return full;
  }
  return is_executable("/bin/sh") ? "/bin/sh" : std::string{};
}

std::string image_shell(const std::vector<std::string>& environment) {
  auto etc_shells = read_small_file("/etc/shells", shells_limit);
  return choose_shell(
      etc_shells ? etc_shells.value() : std::string{},
      variable(environment, "SHELL"), variable(environment, "PATH"),
      [](const std::string& path) { return !find_program(path, {}).empty(); });
}

} // namespace varve::toolbox
