// An errand is a forked child that serves one request about files: it is the
// sandbox's user in every respect, belongs to the guest's cgroup, may block,
// may be killed, and its memory is its own. It speaks HTTP to its end of a
// socket pair: in comes the request's body, out goes the whole response,
// which PID 1 passes on without reading it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/problem.hpp"
#include "runner/toolbox/request.hpp"

namespace varve::toolbox {

// The errand's side of one request. Blocking; a connection that is gone makes
// every later call fail, and the errand then ends with a non-zero code.
class exchange {
 public:
  static constexpr std::size_t buffer_size = 64 << 10;
  // Of an answer without a length: until this much is written, it can still
  // become a problem.
  static constexpr std::size_t held_back = 1 << 20;

  exchange(int in, int out, const toolbox::request& rq, const guest& g)
      : in_{in}, out_{out}, request_{rq}, guest_{g} {
    // nop
  }

  const toolbox::request& request() const {
    return request_;
  }
  const guest& sandbox() const {
    return guest_;
  }
  // A required query parameter, not empty.
  outcome<std::string> required(std::string_view name) const;

  // Bytes of the body, at most `size`; 0 at its end.
  std::size_t read(char* out, std::size_t size);
  // The whole body; a problem when it is longer than the limit.
  outcome<std::string> read_all(std::size_t limit);

  // A whole answer. What is left of the body is read first, so that no client
  // sees a reset while it still sends.
  void answer(const response& what);
  void answer(const problem& p);

  // An answer in parts: begin, write as often as needed, finish. Without a
  // length it is chunked. One to HEAD has no body: what is written counts and
  // goes nowhere.
  void begin(int status, std::string_view content_type,
             const std::vector<name_value>& headers,
             std::optional<std::uint64_t> length);
  bool write(std::string_view bytes);
  void finish();
  // In place of finish: a problem where nothing of the answer has left yet,
  // else the answer stays cut short, which clients see.
  void give_up(const problem& p);

  // How long this request has been worked on. Waiting for the client, in
  // either direction, does not count.
  std::chrono::steady_clock::duration worked() const;

  // Whether any of an answer went out.
  bool has_begun() const {
    return has_sent_;
  }
  // Whether one whole answer went out.
  bool is_complete() const {
    return complete_ && !broken_;
  }

 private:
  void drain();
  void send(std::string_view bytes);
  void flush_chunk();
  void send_body(std::string_view bytes);

  int in_;
  int out_;
  const toolbox::request& request_;
  const guest& guest_;
  std::string pending_; // of a chunked answer
  std::string head_;    // of a chunked answer that is held back
  std::optional<std::uint64_t> left_;
  bool chunked_ = false;
  bool body_ended_ = false;
  bool has_sent_ = false;
  bool broken_ = false;
  bool complete_ = false;
  std::chrono::steady_clock::time_point begun_ =
      std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration waited_{};
};

using errand_handler = void (*)(exchange&);

// In the child: the exit code, 0 after a whole answer.
int run_errand(const request& rq, const guest& g, errand_handler handler,
               const std::string& trouble);

} // namespace varve::toolbox
