// Runs commands as children of PID 1 and gathers what they write.
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>

#include "runner/toolbox/command.hpp"
#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/reaper.hpp"

namespace varve::toolbox {

class session_table;
class terminal_table;
class language_server_table;
class context_table;
class command_table;

// What everything in PID 1 shares. One thread.
struct runtime {
  boost::asio::io_context& io;
  guest& sandbox;
  reaper& children;
  memory_budget& memory;
  // Set before anything is served.
  session_table* sessions = nullptr;
  terminal_table* terminals = nullptr;
  language_server_table* languages = nullptr;
  context_table* contexts = nullptr;
  command_table* commands = nullptr;
  // Pipes still read for children that outlive their command.
  unsigned drained_pipes = 0;
  bool is_ending = false; // nothing new is started
};

// Calls `done` once: when the command's own process has ended and its output
// is read, at most 250 ms later where children of it keep the output open;
// they are not disturbed. At the timeout the process group is killed. It is
// in the table of commands from its start on.
void run_command(runtime& rt, command c,
                 std::function<void(std::shared_ptr<command_outcome>)> done);

} // namespace varve::toolbox
