// Answers of a keeper on their way to PID 1, each over its own socket: a
// caller that reads slowly holds up nobody else. In the keeper.
#pragma once

#include <chrono>
#include <list>
#include <string>
#include <vector>

#include <poll.h>

#include "runner/toolbox/request.hpp"

namespace varve::toolbox {

class answer_queue {
 public:
  answer_queue() = default;
  answer_queue(const answer_queue&) = delete;
  ~answer_queue();

  // Takes the descriptor over. First goes the size of what follows, 8 bytes
  // of this machine: so PID 1 knows a whole answer.
  void add(int fd, const response& what, bool keep_alive);

  void add_to(std::vector<pollfd>& polls) const;
  // Writes what can be written at once.
  void serve();
  // Writes on until all is written or the time is over.
  void finish(std::chrono::milliseconds limit);

 private:
  struct answer {
    int fd;
    std::string text;
    std::size_t at = 0;
  };
  // False when nothing is left to write.
  static bool write_some(answer& one);

  std::list<answer> waiting_;
};

} // namespace varve::toolbox
