// Which request is served how.
#pragma once

#include <string_view>

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox {

enum class duty {
  answer,      // at once, from what PID 1 knows
  execute,     // a command in a shell
  code_run,    // code in an interpreter
  errand,      // files, in a child of its own
  git,         // a repository, in a child that may take long
  session,     // a shell that lives on
  terminal,    // a pseudo terminal
  process,     // what callers have started
  language,    // a language server
  interpreter, // code that keeps its state
  setting,     // at once, with the request's body
  work,        // how much of it is at work, for the runner
  not_built,   // known to the contract, not served yet
  unknown
};

struct route {
  duty kind = duty::unknown;
  response (*answer)(const guest&) = nullptr;
  errand_handler errand = nullptr;
  std::string_view feature = {}; // what is not built
  outcome<response> (*setting)(guest&, std::string_view body) = nullptr;
  bool searches = false; // an errand that may take long
};

// What is served to GET is served to HEAD.
route find_route(std::string_view method, std::string_view path);

} // namespace varve::toolbox
