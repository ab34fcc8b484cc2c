// What requests about the code interpreter say, and the JSON that answers
// them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runner/toolbox/interpreter/context.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox {

enum class interpreter_verb { create, list, remove, interrupt, execute };

struct interpreter_target {
  interpreter_verb verb = interpreter_verb::list;
  std::string context;
};

// Nullopt: no such path.
std::optional<interpreter_target>
find_interpreter_target(std::string_view method, std::string_view path);

// {"cwd"?,"language"?} to an absolute folder.
outcome<std::string> parse_context(std::string_view body, const guest& g);

// The first message of a connection that executes. The problem's status is
// the code to close with.
outcome<execution_request> parse_execution(std::string_view message);

std::string context_json(const interpreter_context& c);

} // namespace varve::toolbox
