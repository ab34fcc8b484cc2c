// A context of the code interpreter: a namespace in which one execution runs
// after another. Its processes start when they are needed, and again, empty,
// after they have ended. Owned by the table of contexts and by whoever waits
// for an execution. One thread.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "runner/toolbox/interpreter/execution.hpp"
#include "runner/toolbox/interpreter/worker_process.hpp"

namespace varve::toolbox {

class interpreter_context
    : public std::enable_shared_from_this<interpreter_context>,
      private worker_process::owner {
 public:
  static constexpr std::size_t waiting_limit = 128;

  interpreter_context(runtime& rt, std::string id, std::string cwd);
  ~interpreter_context() override;

  const std::string& id() const {
    return id_;
  }
  const std::string& cwd() const {
    return cwd_;
  }
  const std::string& created_at() const {
    return created_at_;
  }
  // False while it is being deleted.
  bool is_active() const {
    return !is_leaving_;
  }
  bool is_running() const {
    return current_ != nullptr;
  }
  // Of the supervisor, 0: none.
  pid_t pid() const {
    return worker_ ? worker_->pid() : 0;
  }

  enum class condition { idle, starting, ready };
  condition state() const {
    return state_;
  }
  // Why there is no Python, when the last start failed.
  const std::string& trouble() const {
    return trouble_;
  }
  wakeup_list& changed() {
    return changed_;
  }

  // `changed` says when it is ready, or idle again with trouble.
  void start();
  // Runs it when all before it have ended.
  outcome<void> run(std::shared_ptr<execution> what);
  // Whether there was anything to interrupt. What does not heed it within 2 s
  // is ended together with its context's state.
  bool interrupt();
  // Ends everything that came of it; then calls `done`.
  void end(std::function<void()> done);

 private:
  enum class pressure { none, asked, asked_all };

  void on_output(log_stream from, std::string_view bytes) override;
  void on_message(std::string_view line) override;
  void on_end(const std::string& why) override;
  bool is_held() const override;

  void run_next();
  void finish(std::string_view control, unsigned code, std::string reason);
  void fail_all(unsigned code, const std::string& reason);
  void wake_in(std::chrono::steady_clock::duration time);
  void on_timer();
  void press();
  void give_up_worker();

  runtime& rt_;
  std::string id_;
  std::string cwd_;
  std::string created_at_;
  condition state_ = condition::idle;
  std::string trouble_;
  std::string first_words_; // on stderr before it was ready
  wakeup_list changed_;
  std::shared_ptr<worker_process> worker_;
  std::deque<std::shared_ptr<execution>> waiting_;
  std::shared_ptr<execution> current_;
  boost::asio::steady_timer timer_;
  unsigned timer_round_ = 0;
  pressure pressure_ = pressure::none;
  bool has_timed_out_ = false;
  bool is_leaving_ = false;
};

} // namespace varve::toolbox
