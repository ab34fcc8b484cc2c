#include "runner/toolbox/errand.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

using std::chrono::steady_clock;

// Adds its lifetime to a sum.
class stopwatch {
 public:
  explicit stopwatch(steady_clock::duration& sum) : sum_{sum} {
    // nop
  }
  stopwatch(const stopwatch&) = delete;
  ~stopwatch() {
    sum_ += steady_clock::now() - begun_;
  }

 private:
  steady_clock::duration& sum_;
  steady_clock::time_point begun_ = steady_clock::now();
};

} // namespace

outcome<std::string> exchange::required(std::string_view name) const {
  auto value = query_value(request_, name);
  if (!value || value->empty())
    return bad_request(std::string{name} + " is required");
  return std::string{*value};
}

std::size_t exchange::read(char* out, std::size_t size) {
  stopwatch waiting{waited_};
  while (!body_ended_) {
    auto n = ::read(in_, out, size);
    if (n > 0)
      return static_cast<std::size_t>(n);
    if (n < 0 && errno == EINTR)
      continue;
    broken_ = broken_ || n < 0;
    body_ended_ = true;
  }
  return 0;
}

outcome<std::string> exchange::read_all(std::size_t limit) {
  std::string out;
  char buffer[16384];
  while (auto n = read(buffer, sizeof buffer)) {
    out.append(buffer, n);
    if (out.size() > limit)
      return too_large("the request's body is larger than "
                       + std::to_string(limit) + " bytes");
  }
  return out;
}

void exchange::drain() {
  std::string buffer(body_ended_ ? 0 : buffer_size, '\0');
  while (read(buffer.data(), buffer.size()) > 0) {
    // nop
  }
}

void exchange::answer(const response& what) {
  begin(what.status, what.content_type, what.headers, what.body.size());
  write(what.body);
  finish();
}

void exchange::answer(const problem& p) {
  answer(problem_response(p, request_));
}

void exchange::begin(int status, std::string_view content_type,
                     const std::vector<name_value>& headers,
                     std::optional<std::uint64_t> length) {
  drain();
  left_ = length;
  chunked_ = !length;
  auto head =
      response_head(status, content_type, headers, length, request_.keep_alive);
  if (chunked_)
    head_ = std::move(head);
  else
    send(head);
}

bool exchange::write(std::string_view bytes) {
  if (!chunked_) {
    // More than announced would be taken for the next answer.
    broken_ = broken_ || bytes.size() > *left_;
    *left_ -= std::min<std::uint64_t>(*left_, bytes.size());
    if (!broken_)
      send_body(bytes);
    return !broken_;
  }
  pending_.append(bytes);
  if (pending_.size() >= (head_.empty() ? buffer_size : held_back))
    flush_chunk();
  return !broken_;
}

void exchange::flush_chunk() {
  send(std::exchange(head_, {}));
  if (pending_.empty())
    return;
  char size[32];
  auto n = std::snprintf(size, sizeof size, "%zx\r\n", pending_.size());
  pending_.insert(0, size, static_cast<std::size_t>(n));
  pending_ += "\r\n";
  send_body(pending_);
  pending_.clear();
}

void exchange::finish() {
  if (chunked_) {
    flush_chunk();
    send_body("0\r\n\r\n");
  }
  complete_ = chunked_ || *left_ == 0;
}

void exchange::give_up(const problem& p) {
  if (head_.empty()) {
    broken_ = true;
    return;
  }
  head_.clear();
  pending_.clear();
  answer(p);
}

steady_clock::duration exchange::worked() const {
  return steady_clock::now() - begun_ - waited_;
}

void exchange::send_body(std::string_view bytes) {
  if (request_.method != "HEAD")
    send(bytes);
}

void exchange::send(std::string_view bytes) {
  has_sent_ = has_sent_ || !bytes.empty();
  stopwatch waiting{waited_};
  while (!bytes.empty() && !broken_) {
    auto n = ::write(out_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      broken_ = true;
    else
      bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

int run_errand(const request& rq, const guest& g, errand_handler handler,
               const std::string& trouble) {
  exchange ex{child_channel, child_channel, rq, g};
  if (trouble.empty())
    handler(ex);
  else
    ex.answer(internal_failure(trouble));
  return ex.is_complete() ? 0 : 1;
}

} // namespace varve::toolbox
