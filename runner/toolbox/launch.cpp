#include "runner/toolbox/launch.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/shell.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

// The shell's script. Its first words close it for the commands it runs.
constexpr int script_fd = 9;
constexpr const char* script_path = "/proc/self/fd/9";
constexpr std::string_view script_prefix = "exec 9<&-;";

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// A memory file with this text, read from its start, at this descriptor.
bool place_text(int place, std::string_view first, std::string_view second) {
  int fd = ::memfd_create("command", MFD_CLOEXEC);
  if (fd < 0)
    return false;
  bool ok = write_all(fd, first) && write_all(fd, second)
            && ::lseek(fd, 0, SEEK_SET) == 0 && ::dup2(fd, place) == place;
  if (fd != place)
    ::close(fd);
  return ok;
}

start_failure cannot(const std::string& what, int error) {
  return {-1, what + ": " + errno_text(error)};
}

start_failure missing(std::string_view program, std::string_view feature) {
  std::string text{program};
  text += ": not found: this image has no ";
  text += program;
  text += ", which ";
  text += feature;
  text += " needs\n";
  return {127, std::move(text)};
}

start_failure run(const command& c, const std::string& program,
                  std::vector<std::string> fixed,
                  const std::vector<std::string>& arguments) {
  fixed.insert(fixed.end(), arguments.begin(), arguments.end());
  return cannot(program, execute_program(program, fixed, c.environment));
}

} // namespace

start_failure start_shell(const command& c, std::string_view text) {
  auto shell = image_shell(c.environment);
  if (shell.empty())
    return {-1, "cannot run a command: this image has no shell (no sh in "
                "PATH and no /bin/sh)"};
  if (!place_text(script_fd, script_prefix, text))
    return cannot("cannot hold the command's text", errno);
  return run(c, shell, {shell, script_path}, {});
}

start_failure start_python(const command& c, std::string_view code,
                           const std::vector<std::string>& arguments) {
  auto path = variable(c.environment, "PATH");
  auto program = find_program("python3", path);
  if (program.empty())
    program = find_program("python", path);
  if (program.empty())
    return missing("python3", "code-run with language python");
  if (!place_text(STDIN_FILENO, code, {}))
    return cannot("cannot hold the code", errno);
  return run(c, program, {"python3", "-u", "-"}, arguments);
}

start_failure start_javascript(const command& c, std::string_view code,
                               const std::vector<std::string>& arguments) {
  auto program = find_program("node", variable(c.environment, "PATH"));
  if (program.empty())
    return missing("node", "code-run with language javascript");
  // Node counts '-' among the arguments; a program that reads argv[1] does
  // not expect it.
  if (!place_text(STDIN_FILENO, "process.argv.splice(1,1);", code))
    return cannot("cannot hold the code", errno);
  return run(c, program, {"node", "-"}, arguments);
}

start_failure start_typescript(const command& c, std::string_view code,
                               const std::vector<std::string>& arguments) {
  auto path = variable(c.environment, "PATH");
  if (find_program("node", path).empty())
    return missing("node", "code-run with language typescript");
  auto program = find_program("ts-node", path);
  std::vector<std::string> fixed{"ts-node"};
  if (program.empty()) {
    program = find_program("npx", path);
    fixed = {"npx", "ts-node"};
  }
  if (program.empty())
    return missing("ts-node", "code-run with language typescript");
  int fd = ::open(c.scratch_file.c_str(),
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0 || !write_all(fd, code))
    return cannot(c.scratch_file, errno);
  ::close(fd);
  for (const char* option : {"-T", "--ignore-diagnostics", "5107", "-O",
                             "{\"module\":\"CommonJS\"}"})
    fixed.emplace_back(option);
  fixed.push_back(c.scratch_file);
  return run(c, program, std::move(fixed), arguments);
}

} // namespace varve::toolbox
