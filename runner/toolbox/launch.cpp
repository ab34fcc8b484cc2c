#include "runner/toolbox/launch.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/interpreter/python_scripts.hpp"
#include "runner/toolbox/memory_text.hpp"
#include "runner/toolbox/shell.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

// Where the script of code-run writes charts.
constexpr int charts_fd = 8;

// The shell's script. Its first words close it for the commands it runs.
constexpr int script_fd = 9;
constexpr const char* script_path = "/proc/self/fd/9";
constexpr std::string_view script_prefix = "exec 9<&-;";

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
  auto program = find_python(variable(c.environment, "PATH"));
  if (program.empty())
    return missing("python3", "code-run with language python");
  if (!place_text(STDIN_FILENO, code, {}) || !place_script(code_run_script)
      || ::dup2(charts_channel, charts_fd) < 0)
    return cannot("cannot hold the code", errno);
  auto fixed = script_arguments();
  fixed.insert(fixed.begin() + 1, "-u");
  return run(c, program, std::move(fixed), arguments);
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
