#include "runner/toolbox/interpreter/python_scripts.hpp"
#include "runner/toolbox/memory_text.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

// The scripts' descriptor, closed once they are read.
constexpr int scripts_fd = 9;
constexpr const char* reader =
    "import os;c,m=os.fdopen(9).read().split(\"\\0\");"
    "exec(m,{\"charts_source\":c,\"__name__\":\"varve\"})";

} // namespace

bool place_script(std::string_view main) {
  std::string text{charts_script};
  text += '\0';
  text += pyplot_hook_script;
  text += '\n';
  return place_text(scripts_fd, text, main);
}

std::vector<std::string> script_arguments() {
  return {"python3", "-c", reader};
}

std::string find_python(std::string_view path) {
  auto program = find_program("python3", path);
  return program.empty() ? find_program("python", path) : program;
}

} // namespace varve::toolbox
