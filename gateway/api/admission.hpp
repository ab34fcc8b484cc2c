// Bounds the commands in flight before any actor sees them: mailboxes have no
// bound of their own.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "events/base/result.hpp"
#include "gateway/limits.hpp"

namespace varve::gateway {

class admission {
 public:
  // A place among the commands in flight, given back when it ends.
  class ticket {
   public:
    ticket(admission& from, std::string organization, std::string sandbox);
    ticket(ticket&& other) noexcept;
    ticket& operator=(ticket&&) = delete;
    ~ticket();

   private:
    admission* from_;
    std::string organization_;
    std::string sandbox_; // empty: the command makes a new one
  };

  explicit admission(const limits& bounds) : bounds_(bounds) {
    // nop
  }

  // Any thread. too_busy for the caller's own load, log_unavailable when the
  // node as a whole has enough.
  result<ticket> enter(const std::string& organization,
                       const std::string& sandbox);

 private:
  void leave(const std::string& organization,
             const std::string& sandbox) noexcept;

  const limits& bounds_;
  std::mutex mutex_;
  std::size_t all_ = 0;
  std::unordered_map<std::string, std::size_t> by_organization_;
  std::unordered_map<std::string, std::size_t> by_sandbox_;
};

} // namespace varve::gateway
