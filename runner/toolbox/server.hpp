// HTTP on a Unix stream socket, one request of a connection after another.
// The only part of the toolbox that sees Beast.
#pragma once

#include <memory>
#include <string>

#include "events/base/result.hpp"
#include "runner/toolbox/command_run.hpp"

namespace varve::toolbox {

struct server_limits {
  unsigned connections = 1024; // more are answered 503 and closed
  unsigned errands = 64;       // at a time; others wait their turn
  unsigned searches = 8;       // besides those
  unsigned repositories = 16;  // what git works on, besides those
};

class server {
 public:
  server(runtime& rt, server_limits limits);
  ~server();

  // Takes over a socket that listens already.
  result<void> listen_on(int fd);
  // Makes one; a stale socket file is replaced.
  result<void> listen_at(const std::string& path);

  void stop_accepting();
  // Requests that are being served.
  unsigned busy() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace varve::toolbox
