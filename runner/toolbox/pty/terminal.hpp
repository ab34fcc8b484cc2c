// A pseudo terminal with a login shell, for any number of viewers. Owned by
// the table of terminals and by its viewers. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "runner/toolbox/command_run.hpp"
#include "runner/toolbox/sessions/followed_log.hpp"

namespace varve::toolbox {

struct terminal_options {
  std::string id;
  std::string cwd; // absolute
  std::vector<name_value> variables;
  unsigned columns = 80;
  unsigned rows = 24;
  bool is_lazy = false; // its shell starts with the first viewer
};

class terminal : public std::enable_shared_from_this<terminal>,
                 public followed_log {
 public:
  // More than a follower may lag behind.
  static constexpr std::size_t log_limit = 2 << 20;
  static constexpr std::size_t replayed = 256 << 10;  // to a new viewer
  static constexpr std::size_t input_limit = 1 << 20; // not taken yet

  terminal(runtime& rt, log_space& space, terminal_options options);

  enum class condition { idle, starting, running, ended };
  condition state() const {
    return state_;
  }
  const terminal_options& options() const {
    return options_;
  }
  // 0: there is none yet.
  pid_t pid() const {
    return pid_ > 0 ? pid_ : 0;
  }
  const std::string& created_at() const {
    return created_at_;
  }
  // Why there is no shell, when it never ran.
  const std::string& trouble() const {
    return trouble_;
  }
  // Of the shell, 128 + n after a signal; meaningful once it has ended.
  int exit_code() const {
    return exit_code_;
  }

  // `changed` says when it runs or has failed.
  void start();
  // Whether its shell runs something in the foreground, or is to start.
  bool is_at_work() const;
  // False when too much of it waits already.
  bool give_input(std::string_view bytes);
  void resize(unsigned columns, unsigned rows);
  // Ends everything that came of it at once.
  void end(std::function<void()> done);
  // As when a line is cut: interactive shells do not heed SIGTERM.
  void hang_up() const;

 private:
  int child_main(const std::string& trouble) const;
  void read_report();
  void on_exit(int status);
  void fail(const std::string& why);
  void read_more();
  bool read_some(int most_reads);
  void send_input();

  runtime& rt_;
  terminal_options options_;
  std::string created_at_;
  condition state_ = condition::idle;
  std::string trouble_;
  int exit_code_ = -1;
  pid_t pid_ = -1;
  boost::asio::posix::stream_descriptor report_;
  boost::asio::posix::stream_descriptor master_;
  boost::asio::steady_timer hold_;
  std::string unsent_;
  bool awaits_room_ = false;
};

class terminal_table {
 public:
  static constexpr std::size_t most_terminals = 64;

  terminal_table(runtime& rt, log_space& space) : rt_{rt}, space_{space} {
    // nop
  }

  // Makes it; the caller starts it.
  outcome<std::shared_ptr<terminal>> create(terminal_options options);
  // Null: no such terminal, or its shell has ended.
  std::shared_ptr<terminal> find(std::string_view id) const;
  const std::vector<std::shared_ptr<terminal>>& all() const {
    return all_;
  }
  void forget(const terminal& which);
  void hang_up() const;

 private:
  runtime& rt_;
  log_space& space_;
  std::vector<std::shared_ptr<terminal>> all_; // oldest first
};

} // namespace varve::toolbox
