#include "runner/toolbox/command_run.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "runner/toolbox/chart_pipe.hpp"
#include "runner/toolbox/command_table.hpp"
#include "runner/toolbox/pipe_ends.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

using boost::system::error_code;

constexpr auto drain_time = std::chrono::milliseconds{250};
constexpr auto kill_time = std::chrono::seconds{2};
constexpr unsigned drained_pipe_limit = 256;
constexpr int reads_per_turn = 4; // so that one writer does not hold the loop

// The child's last words when its program could not start: the exit code and
// the text, written to the channel that a started program has closed.
int tell_failure(const start_failure& failed) {
  auto text = std::to_string(failed.exit_code) + "\n" + failed.text;
  [[maybe_unused]] auto n = ::write(child_channel, text.data(), text.size());
  return 127;
}

int child_main(const command& c, const std::string& trouble) {
  if (!trouble.empty())
    return tell_failure({-1, trouble});
  if (::chdir(c.cwd.c_str()) != 0)
    return tell_failure({-1, "chdir " + c.cwd + ": " + errno_text(errno)});
  return tell_failure(c.start(c));
}

// Owns itself through the handlers it waits in.
class command_run : public std::enable_shared_from_this<command_run> {
 public:
  command_run(runtime& rt, command c,
              std::function<void(std::shared_ptr<command_outcome>)> done)
      : rt_{rt}, command_{std::move(c)}, done_{std::move(done)},
        outcome_{std::make_shared<command_outcome>(command_outcome{
            -1, false, std::nullopt, captured_output{rt.memory}})},
        output_{rt.io}, timer_{rt.io} {
    // nop
  }

  ~command_run() {
    if (report_ >= 0)
      ::close(report_);
  }

  void begin() {
    pipe_ends output;
    pipe_ends report;
    pipe_ends charts;
    if (!output.open() || !report.open()
        || (command_.makes_charts && !charts.open()))
      return refuse("no descriptors are left");
    const auto& g = rt_.sandbox;
    auto pid = fork_as_user(
        g, {g.null_fd, output.write, output.write, report.write, charts.write},
        [this](const std::string& trouble) {
          return child_main(command_, trouble);
        });
    if (!pid)
      return refuse(pid.error().detail);
    pid_ = pid.value();
    record_ = rt_.commands->add(command_);
    record_->pid = pid_;
    record_->outcome = outcome_;
    command_.start = nullptr; // the text is the child's from here on
    if (command_.makes_charts)
      charts_ = chart_pipe::read(rt_.io, rt_.memory, charts.release_read());
    report_ = report.release_read();
    ::fcntl(report_, F_SETFL, O_NONBLOCK);
    output_.assign(output.release_read());
    output_.non_blocking(true);
    rt_.children.watch(pid_, [self = shared_from_this()](int status) {
      self->on_exit(status);
    });
    if (command_.timeout.count() > 0)
      wake_in(command_.timeout);
    read_more();
  }

 private:
  void refuse(const std::string& why) {
    outcome_->refused = too_busy("cannot start a process: " + why);
    finish();
  }

  void wake_in(std::chrono::steady_clock::duration time) {
    timer_.expires_after(time);
    timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec)
        self->on_timer();
    });
  }

  void read_more() {
    output_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](error_code ec) {
                         if (!ec)
                           self->on_readable();
                       });
  }

  void on_readable() {
    // One thread: nothing else reads into this while it is looked at.
    static std::array<char, 64 << 10> buffer;
    bool open = true;
    for (int i = 0; i < reads_per_turn && open; ++i) {
      auto n = ::read(output_.native_handle(), buffer.data(), buffer.size());
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        break;
      open = n > 0;
      if (open && done_)
        outcome_->output.append({buffer.data(), static_cast<std::size_t>(n)});
    }
    if (done_)
      record_->changed.raise();
    if (open)
      read_more();
    else
      on_end_of_output();
  }

  void on_end_of_output() {
    output_.close();
    if (is_drain_)
      --rt_.drained_pipes;
    is_drain_ = false;
    if (exited_)
      finish();
  }

  void on_exit(int status) {
    exited_ = true;
    timer_.cancel();
    if (!done_)
      return; // its caller has been told already
    outcome_->exit_code = exit_code_of(status);
    take_report();
    if (!output_.is_open() || outcome_->timed_out)
      return finish();
    // What the command itself wrote is in the pipe already.
    wake_in(drain_time);
  }

  void on_timer() {
    if (!done_ || exited_ || outcome_->timed_out)
      return finish();
    outcome_->timed_out = true;
    ::kill(pid_, SIGKILL); // it may not be a group of its own yet
    ::kill(-pid_, SIGKILL);
    // A process that the kernel holds in a system call dies later.
    wake_in(kill_time);
  }

  // Empty when the program was started.
  void take_report() {
    char text[1024];
    auto n = ::read(report_, text, sizeof text);
    if (n <= 0)
      return;
    std::string_view report{text, static_cast<std::size_t>(n)};
    auto line = report.substr(0, report.find('\n'));
    std::from_chars(line.data(), line.data() + line.size(),
                    outcome_->exit_code);
    report.remove_prefix(std::min(report.size(), line.size() + 1));
    outcome_->output.append(report);
  }

  void finish() {
    if (!done_)
      return;
    timer_.cancel();
    remove_scratch_file();
    if (charts_)
      outcome_->charts = charts_->finish();
    outcome_->charts_share = std::move(charts_);
    leave_output();
    auto done = std::exchange(done_, nullptr);
    if (record_)
      rt_.commands->end(record_);
    done(std::move(outcome_));
  }

  // Whoever still writes must not get SIGPIPE because the answer is sent.
  void leave_output() {
    if (!output_.is_open())
      return;
    if (rt_.drained_pipes >= drained_pipe_limit) {
      output_.close();
      return;
    }
    ++rt_.drained_pipes;
    is_drain_ = true;
  }

  void remove_scratch_file() {
    if (command_.scratch_file.empty())
      return;
    const auto& g = rt_.sandbox;
    auto pid = fork_as_user(g, {g.null_fd, g.null_fd, g.null_fd, -1},
                            [this](const std::string& trouble) {
                              if (trouble.empty())
                                ::unlink(command_.scratch_file.c_str());
                              return 0;
                            });
    if (pid)
      rt_.children.watch(pid.value(), [](int) {});
    else
      log_warning("toolbox", "a code file could not be removed");
  }

  runtime& rt_;
  command command_;
  std::function<void(std::shared_ptr<command_outcome>)> done_;
  std::shared_ptr<command_outcome> outcome_;
  std::shared_ptr<command_record> record_;
  boost::asio::posix::stream_descriptor output_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<chart_pipe> charts_;
  pid_t pid_ = -1;
  int report_ = -1;
  bool exited_ = false;
  bool is_drain_ = false;
};

} // namespace

void run_command(runtime& rt, command c,
                 std::function<void(std::shared_ptr<command_outcome>)> done) {
  std::make_shared<command_run>(rt, std::move(c), std::move(done))->begin();
}

} // namespace varve::toolbox
