// PID 1's side of a language server: its keeper (see keeper.hpp) and the
// channel to it. Owned by the table of servers and by whoever waits. One
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "runner/toolbox/command_run.hpp"
#include "runner/toolbox/lsp/languages.hpp"
#include "runner/toolbox/wakeup.hpp"

namespace varve::toolbox {

class language_server : public std::enable_shared_from_this<language_server> {
 public:
  // Requests that wait or are being answered.
  static constexpr unsigned most_requests = 16;

  // `project` is absolute.
  language_server(runtime& rt, const language& of, std::string project)
      : rt_{rt}, language_{of}, project_{std::move(project)}, channel_{rt.io} {
    // nop
  }

  void start();

  enum class condition { starting, running, ended };
  condition state() const {
    return state_;
  }
  // Why it has ended.
  const std::string& trouble() const {
    return trouble_;
  }
  const language& of() const {
    return language_;
  }
  const std::string& project() const {
    return project_;
  }

  // Gives the keeper a request and the socket for its answer, of which the
  // caller keeps the other end. False: it has too many already.
  bool hand_over(std::string_view packed, int answer);
  // A place among the requests for as long as it lives.
  class turn {
   public:
    explicit turn(language_server& of) : of_{of} {
      ++of_.requests_;
    }
    turn(const turn&) = delete;
    ~turn() {
      --of_.requests_;
    }

   private:
    language_server& of_;
  };

  // Ends everything that came of it; `done` is called when it is gone.
  void end(std::function<void()> done);

  wakeup_list changed; // its state

 private:
  void read_channel();
  // As recv.
  ssize_t take_message();
  void on_exit();
  void fail(std::string why);

  runtime& rt_;
  const language& language_;
  std::string project_;
  boost::asio::posix::stream_descriptor channel_;
  pid_t pid_ = -1;
  condition state_ = condition::starting;
  std::string trouble_;
  unsigned requests_ = 0;
};

class language_server_table {
 public:
  static constexpr std::size_t most_servers = 16;

  explicit language_server_table(runtime& rt) : rt_{rt} {
    // nop
  }

  // Null: none was started. `project` is absolute.
  std::shared_ptr<language_server> find(const language& of,
                                        const std::string& project) const;
  // Starts one, in place of one that has ended.
  outcome<std::shared_ptr<language_server>> start(const language& of,
                                                  const std::string& project);
  void forget(const language_server& which);

 private:
  runtime& rt_;
  std::vector<std::shared_ptr<language_server>> all_;
};

} // namespace varve::toolbox
