// One connected, ordered stream of bytes: TCP, TLS or a Unix socket. The only
// thing the rest of the gateway knows of sockets.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

namespace varve::gateway {

namespace asio = boost::asio;
using asio::awaitable;

struct io_outcome {
  boost::system::error_code failure;
  std::size_t bytes = 0;
};

class stream_registry;

// Used from one strand; at most one reader and one writer at a time. Overdue
// operations end by the registry closing the stream.
class byte_stream : public std::enable_shared_from_this<byte_stream> {
 public:
  explicit byte_stream(stream_registry& registry);
  virtual ~byte_stream();
  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;

  // Some bytes, at least one; the end of the stream is asio's eof.
  virtual awaitable<io_outcome> read_some(asio::mutable_buffer into,
                                          std::chrono::milliseconds limit) = 0;
  // All of the bytes.
  virtual awaitable<io_outcome> write(std::vector<asio::const_buffer> from,
                                      std::chrono::milliseconds limit) = 0;
  // No more bytes will follow; reading goes on.
  virtual awaitable<void> end_writing() = 0;
  virtual void close() noexcept = 0; // on the strand
  // Nothing more will come from it: it closed, or half of it.
  virtual bool peer_has_left() const noexcept = 0;
  virtual void run_on_strand(std::function<void()> what) = 0;

  // While set, the peer owes us nothing and a shutdown may close at once.
  void set_idle(bool idle) noexcept {
    idle_ = idle;
  }
  bool is_idle() const noexcept {
    return idle_;
  }
  // Any thread.
  void close_from_outside();
  void close_if_overdue(std::int64_t now);

 protected:
  // Marks the time a pending read or write may take, for its lifetime.
  class pending {
   public:
    pending(std::atomic<std::int64_t>& until, std::chrono::milliseconds limit);
    ~pending();
    pending(const pending&) = delete;
    pending& operator=(const pending&) = delete;

   private:
    std::atomic<std::int64_t>& until_;
  };

  bool is_overdue(std::int64_t now) const noexcept;

  std::atomic<std::int64_t> read_until_{0};
  std::atomic<std::int64_t> write_until_{0};

 private:
  stream_registry& registry_;
  std::atomic<bool> idle_{false};
};

// All open streams; what closes those whose time is over. Any thread.
class stream_registry {
 public:
  void add(const std::shared_ptr<byte_stream>& stream);
  void remove(const byte_stream* stream) noexcept;
  void close_overdue();
  void close_idle();
  void close_all();
  std::size_t size() const noexcept;

 private:
  std::vector<std::shared_ptr<byte_stream>> all();

  mutable std::mutex mutex_;
  std::unordered_map<const byte_stream*, std::weak_ptr<byte_stream>> open_;
};

// Steady milliseconds.
std::int64_t steady_now() noexcept;

} // namespace varve::gateway
