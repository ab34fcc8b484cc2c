// What requests about terminals say, and the JSON that answers them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runner/toolbox/problem.hpp"
#include "runner/toolbox/pty/terminal.hpp"

namespace varve::toolbox {

enum class terminal_verb {
  create,
  list,
  get,
  remove,
  resize,
  connect,
  create_connect
};

struct terminal_target {
  terminal_verb verb = terminal_verb::list;
  std::string id;
};

// Nullopt: no such path.
std::optional<terminal_target> find_terminal_target(std::string_view method,
                                                    std::string_view path);

struct terminal_size {
  unsigned columns = 0;
  unsigned rows = 0;
};

outcome<terminal_options> parse_terminal(std::string_view body, const guest& g);
// The same from a query and, for variables, a subprotocol.
outcome<terminal_options> parse_terminal_query(const request& rq,
                                               const guest& g);
outcome<terminal_size> parse_terminal_size(std::string_view body);

std::string terminal_json(const terminal& t);
// {"exitCode":137,"exitReason":"SIGKILL"}
std::string exit_json(int exit_code);

// Clients that offer it are told of the end by a message before the close.
constexpr std::string_view exit_control_protocol = "X-Daytona-Pty-Exit-Control";
std::string terminal_subprotocol(const request& rq);
bool wants_exit_control(const request& rq);

} // namespace varve::toolbox
