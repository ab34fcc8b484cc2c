// The processes behind a context of the code interpreter: a supervisor of
// ours, and below it Python and whatever the code starts. The supervisor
// collects what ends and forwards interrupts; nothing that detaches itself
// gets away from it. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "runner/toolbox/command_run.hpp"
#include "runner/toolbox/sessions/command_log.hpp"

namespace varve::toolbox {

class worker_process : public std::enable_shared_from_this<worker_process> {
 public:
  // What the script says in one line at most: a chart with its picture.
  static constexpr std::size_t line_limit = (4 << 20) + 4096;

  // Hears of everything until it leaves; outlives that.
  class owner {
   public:
    virtual ~owner() = default;
    virtual void on_output(log_stream from, std::string_view bytes) = 0;
    // A line of the script's; output written before it has been told.
    virtual void on_message(std::string_view line) = 0;
    // Python has ended or never ran; nothing follows.
    virtual void on_end(const std::string& why) = 0;
    // While true nothing is read, and Python waits.
    virtual bool is_held() const = 0;
  };

  worker_process(runtime& rt, owner& of);

  // Says by `on_end` when it fails, at the earliest in the next turn.
  void start(const std::string& cwd);
  // A request to the script.
  void send(std::string line);
  // As Ctrl+C: Python alone, or everything in its process group.
  void interrupt(bool whole_group) const;
  // The owner hears nothing further. All processes are asked to end, after
  // `grace` made to; then `done` is called.
  void leave(std::chrono::seconds grace, std::function<void()> done);

  // 0: there is none.
  pid_t pid() const {
    return pid_ > 0 ? pid_ : 0;
  }

 private:
  struct source {
    explicit source(boost::asio::io_context& io) : pipe{io} {
      // nop
    }
    boost::asio::posix::stream_descriptor pipe;
    bool is_awaited = false;
  };

  bool open(source& at, int fd);
  void read_more(source& from);
  void wait_for_room();
  void on_readable(source& from);
  void read_output(source& from, int most_reads);
  void read_messages(int most_reads);
  void take_messages(std::string_view bytes);
  void read_report();
  void on_exit();
  void drain();
  void tell_end(const std::string& why);
  void write_requests();
  void close_all();

  runtime& rt_;
  owner* owner_;
  pid_t pid_ = -1;
  bool has_exited_ = false;
  source out_;
  source err_;
  source channel_;
  source report_;
  boost::asio::steady_timer hold_;
  bool is_holding_ = false;
  std::string line_; // of the script, unfinished
  std::optional<budget_share> line_share_;
  bool is_line_lost_ = false;
  std::string requests_; // not sent yet
  bool awaits_channel_room_ = false;
};

} // namespace varve::toolbox
