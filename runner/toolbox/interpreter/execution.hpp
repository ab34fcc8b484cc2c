// One run of code in a context: what is asked, and the frames for whoever
// asked, in the order they are to be sent. Shared by the context and the
// connection. One thread, no I/O.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "runner/toolbox/budget.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/request.hpp"
#include "runner/toolbox/sessions/command_log.hpp"
#include "runner/toolbox/wakeup.hpp"

namespace varve::toolbox {

struct execution_request {
  std::string code;
  std::string context; // empty: the default one
  std::vector<name_value> variables;
  std::chrono::seconds timeout{600}; // 0: none
};

class execution {
 public:
  // So much waits to be sent before the code has to.
  static constexpr std::size_t held_from = 256 << 10;

  execution(execution_request what, memory_budget& memory)
      : what_{std::move(what)}, memory_{memory}, share_{memory} {
    // nop
  }

  // False when there is no memory for the code.
  bool keep_code() {
    return share_.take(what_.code.size());
  }
  const execution_request& what() const {
    return what_;
  }
  // The line that the script gets.
  std::string line() const;

  // What was written to a descriptor, of any bytes.
  void add_output(log_stream from, std::string_view bytes);
  // `kind` is one of error, result, chart; `object` is JSON, unchecked.
  void add_message(std::string_view kind, std::string_view object);
  void add_error(std::string_view name, std::string_view value);
  // The last frame says `control`, where it is not empty; then the close.
  void end(std::string_view control, unsigned code, std::string reason);
  // Nobody reads any more.
  void abandon();

  bool has_ended() const {
    return ended_;
  }
  bool is_held() const {
    return is_watched_ && queued_ > held_from;
  }
  // One after another as they fit; empty when there is nothing to send.
  std::string take_frames(std::size_t most);
  unsigned close_code() const {
    return code_;
  }
  const std::string& close_reason() const {
    return reason_;
  }

  wakeup_list changed;

 private:
  struct frame {
    std::string bytes;
    budget_share share;
  };

  void add(std::string_view text);
  void finish_output();

  execution_request what_;
  memory_budget& memory_;
  budget_share share_;
  std::deque<frame> frames_;
  std::size_t queued_ = 0;
  json_escaper out_;
  json_escaper err_;
  bool is_watched_ = true;
  bool ended_ = false;
  unsigned code_ = 0;
  std::string reason_;
};

} // namespace varve::toolbox
