// What requests about sessions say, and the JSON that answers them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runner/toolbox/problem.hpp"
#include "runner/toolbox/sessions/session.hpp"

namespace varve::toolbox {

enum class session_verb {
  create,
  list,
  get,
  remove,
  run,
  command,
  input,
  logs
};

struct session_target {
  session_verb verb = session_verb::list;
  std::string session;
  std::string command;
};

// Nullopt: no such path.
std::optional<session_target> find_session_target(std::string_view method,
                                                  std::string_view path);

// How output is told to a client of this version (header, else the entry of
// the WebSocket's subprotocols).
enum class output_style {
  combined, // one text
  marked,   // one text, the client takes the markers apart
  split     // taken apart here
};
output_style style_for(const request& rq);

// Before 0.103.0 sessions began in the home directory.
bool begins_at_home(const request& rq);

// The offered subprotocol that is chosen; empty: none.
std::string chosen_subprotocol(std::string_view offered,
                               std::string_view wanted);

struct session_run_request {
  std::string command;
  bool is_async = false;
  bool echoes_input = true;
};

outcome<std::string> parse_session_id(std::string_view body);
outcome<session_run_request> parse_session_run(std::string_view body);
outcome<std::string> parse_session_input(std::string_view body);
// A byte offset in the query; 0 when absent.
outcome<std::uint64_t> parse_offset(const request& rq);

std::string session_json(const session& s);
std::string command_json(const session_command& c);

} // namespace varve::toolbox
