// Speaks JSON-RPC with a language server over its stdin, stdout and stderr.
// In the keeper: it waits, but never longer than it is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <sys/types.h>

#include "runner/toolbox/lsp/answer_queue.hpp"
#include "runner/toolbox/lsp/frame_parser.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox {

struct server_process {
  pid_t pid = -1;
  int in = -1;
  int out = -1;
  int err = -1;
};

class language_client {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::size_t message_limit = 16 << 20;
  static constexpr std::size_t unsent_limit = 32 << 20;

  // Of a child of this process. Takes over the descriptors, which must not
  // block; `others` are served while it waits. SIGCHLD must be blocked and
  // have a handler: it interrupts the wait.
  language_client(const server_process& server, answer_queue& others);
  language_client(const language_client&) = delete;
  ~language_client();

  // The result of one request; `params` is JSON.
  outcome<boost::json::value> ask(std::string_view method,
                                  const std::string& params, time_point until);
  void tell(std::string_view method, const std::string& params);

  // Until the channel can be read or the server is over.
  void wait_for(int channel);

  // The server has ended, or what it says makes no sense: `trouble`.
  bool is_over() const {
    return is_over_;
  }
  const std::string& trouble() const {
    return trouble_;
  }
  // As waitpid gives it, once its process has ended; waits a moment for one
  // that is about to.
  std::optional<int> wait_status();
  // The end of what it wrote to stderr.
  std::string last_words() const;

 private:
  // One round of poll(2); with -1 for `channel` at most until `until`. True
  // when the channel can be read.
  bool turn(int channel, std::optional<time_point> until);
  // Takes all children that have ended: orphans of the server come here.
  void collect();
  void read_output();
  void read_errors();
  void write_some();
  void send(const std::string& message);
  void take(std::string_view message);
  void reply(std::string_view method, const boost::json::value& id,
             const boost::json::object& message);
  void end(std::string why);

  pid_t pid_;
  std::optional<int> status_;
  int in_;
  int out_;
  int err_;
  answer_queue& others_;
  frame_parser frames_{message_limit};
  std::string unsent_;
  std::string errors_;
  std::int64_t last_id_ = 0;
  std::optional<boost::json::object> answer_; // to the request `last_id_`
  bool is_over_ = false;
  std::string trouble_;
};

} // namespace varve::toolbox
