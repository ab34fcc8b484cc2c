// A session: one shell that runs commands one after another and keeps its
// state between them, or the image's entry point. Owned by the table of
// sessions and by whoever waits for one of its commands. One thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "runner/toolbox/command_run.hpp"
#include "runner/toolbox/sessions/followed_log.hpp"
#include "runner/toolbox/sessions/session_shell.hpp"
#include "runner/toolbox/spawn.hpp"
#include "runner/toolbox/wakeup.hpp"

namespace varve::toolbox {

// What the sessions share.
struct session_memory {
  log_space logs{32 << 20};
  memory_budget texts{4 << 20};
};

struct session_command : followed_log {
  session_command(session_memory& memory, std::string command)
      : followed_log{memory.logs, command_log::default_limit},
        text{std::move(command)}, share{memory.texts} {
    // nop
  }

  std::string id;
  std::string text;
  budget_share share; // of the text
  bool reads_input = false;
  bool echoes_input = true;
  std::optional<int> exit_code; // once it has ended
  std::string unsent;           // input the command has not taken yet

  bool has_ended() const {
    return exit_code.has_value();
  }
};

class session : public std::enable_shared_from_this<session> {
 public:
  static constexpr std::size_t kept_commands = 100;
  static constexpr std::size_t waiting_commands = 100;
  static constexpr std::size_t input_limit = 1 << 20; // not taken yet

  session(runtime& rt, session_memory& memory, std::string id);
  ~session();

  // The shell says by `state` whether it runs.
  void start_shell(const std::string& cwd);
  void start_entrypoint();

  enum class condition { starting, running, ended };
  condition state() const {
    return state_;
  }
  // Why there is no shell, when it never ran.
  const std::string& trouble() const {
    return trouble_;
  }
  // 0: there is none.
  pid_t pid() const {
    return pid_ > 0 ? pid_ : 0;
  }
  wakeup_list& changed() {
    return changed_;
  }
  const std::string& id() const {
    return id_;
  }
  const std::deque<std::shared_ptr<session_command>>& commands() const {
    return commands_;
  }
  std::shared_ptr<session_command> find(std::string_view command) const;

  // Runs it when all before it have ended.
  outcome<std::shared_ptr<session_command>>
  run(std::string text, bool reads_input, bool echoes_input);
  outcome<void> give_input(session_command& to, std::string data);

  // Ends everything that came of it; `done` is called when it is gone.
  void end(std::function<void()> done);

 private:
  struct stream {
    stream(boost::asio::io_context& io, log_stream w) : which{w}, pipe{io} {
      // nop
    }
    log_stream which;
    boost::asio::posix::stream_descriptor pipe;
    std::string unfinished; // the first bytes of a character
  };

  // False when no process could be made; `trouble_` says why.
  bool launch(bool with_script, const child_body& body);
  void fail(const std::string& why);
  void on_exit(int status);
  void read_status();
  void take_status_line(std::string_view line);
  void run_next();
  void send_script(std::string text);
  void send_input();
  void discard_input();
  void finish_current(int exit_code);
  void drop_oldest();
  void drain();
  void close_all();

  void read_more(stream& from);
  void read_some(stream& from, int most_reads);
  void keep(stream& from, std::string_view bytes);

  runtime& rt_;
  session_memory& memory_;
  std::string id_;
  pid_t pid_ = -1;
  condition state_ = condition::starting;
  bool is_leaving_ = false;
  shell_kind kind_ = shell_kind::posix;
  std::string trouble_;
  wakeup_list changed_;
  std::deque<std::shared_ptr<session_command>> commands_;
  std::deque<std::shared_ptr<session_command>> waiting_;
  std::shared_ptr<session_command> current_; // it runs
  std::shared_ptr<session_command> latest_;  // what is written is its output
  stream out_;
  stream err_;
  boost::asio::posix::stream_descriptor script_;
  boost::asio::posix::stream_descriptor status_;
  boost::asio::posix::stream_descriptor input_;
  int unread_input_ = -1; // what a command left in its input
  bool awaits_input_room_ = false;
  boost::asio::steady_timer hold_;
  std::string status_text_;
  std::string script_text_;
};

} // namespace varve::toolbox
