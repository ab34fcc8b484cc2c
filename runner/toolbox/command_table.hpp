// The commands of callers, running and ended, so that a caller who lost the
// connection finds its command again. One thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "runner/toolbox/command.hpp"
#include "runner/toolbox/wakeup.hpp"

namespace varve::toolbox {

struct command_record {
  std::string id;
  std::string text;     // its beginning
  std::string language; // empty: a shell's
  std::string cwd;
  std::string started_at;
  pid_t pid = 0;
  bool has_ended = false;
  // Grows while the command runs; null once it was dropped.
  std::shared_ptr<command_outcome> outcome;
  int exit_code = -1; // once it has ended
  wakeup_list changed;
};

class command_table {
 public:
  static constexpr std::size_t kept_commands = 100;  // that have ended
  static constexpr std::size_t kept_bytes = 4 << 20; // of what they wrote

  std::shared_ptr<command_record> add(const command& c);
  // It has ended; the output of those that ended long ago goes.
  void end(const std::shared_ptr<command_record>& which);
  // It never ran.
  void forget(const command_record& which);

  std::shared_ptr<command_record> find(std::string_view id) const;
  // Oldest first.
  const std::deque<std::shared_ptr<command_record>>& all() const {
    return all_;
  }

 private:
  std::deque<std::shared_ptr<command_record>> all_;
};

// {"id","command","language"?,"cwd","pid","startedAt","running","exitCode"?,
// "timedOut"?,"outputBytes"?}
std::string command_record_json(const command_record& c);

} // namespace varve::toolbox
