// A network namespace beside the host, joined by one link, in which threads
// of the test serve: it plays the internet, or somebody's private network.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

class other_network {
 public:
  // The link's host end has `host`/24, the other one `own`/24; no routes.
  other_network(const std::string& link, const std::string& host,
                const std::string& own);
  ~other_network();

  other_network(const other_network&) = delete;
  other_network& operator=(const other_network&) = delete;

  void add_address(const std::string& address); // with prefix length
  void add_route(const std::string& to, const std::string& via);

  // Answers every TCP connection with the caller's address and a new line.
  void serve_greeting(int port);
  // Answers every DNS question over UDP with `address`.
  void serve_names(const std::string& own, const std::string& address);

  // Whether a TCP connection from here comes about within two seconds.
  bool can_connect(const std::string& address, int port);

 private:
  void run_inside(const std::function<void()>& work);
  void serve(unique_fd socket, std::function<void(int)> answer);
  void ip(std::vector<std::string> arguments);

  std::string link_;
  unique_fd namespace_;
  std::atomic<bool> is_over_{false};
  std::vector<std::thread> threads_;
};

} // namespace varve::runner
