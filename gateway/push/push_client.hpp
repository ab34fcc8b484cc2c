// One connected Socket.IO client.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "events/record.hpp"
#include "gateway/server/byte_stream.hpp"

namespace varve::gateway {

// Shared by those it is sent to.
using shared_frame = std::shared_ptr<const std::string>;

// Its outgoing side. What does not fit into its bounded queue ends it: whoever
// is that slow asks again when it comes back.
class push_client : public std::enable_shared_from_this<push_client> {
 public:
  push_client(byte_stream& stream, asio::any_io_executor strand,
              std::string base_url);

  // Any thread, never waits.
  void send(shared_frame frame);
  void send(std::string frame);
  // Sends a ping when the last one is at least so long ago.
  void ping_if_due(std::int64_t now, std::chrono::milliseconds interval);
  void close_from_outside();

  // On its strand: takes nothing more and returns when nothing is being
  // written.
  awaitable<void> finish();

  // --- set before it is in the hub, then the same for ever ---
  std::string organization_id;
  log::digest key_hash{};
  const std::string base_url; // as its answers name this server

 private:
  static awaitable<void> write_all(std::shared_ptr<push_client> self);
  // All that waits; nothing when there is none, and then nobody writes.
  std::vector<shared_frame> take_waiting();

  const std::shared_ptr<byte_stream> stream_;
  const asio::any_io_executor strand_;
  std::mutex mutex_;
  std::vector<shared_frame> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_writing_ = false;
  bool takes_more_ = true;
  std::int64_t pinged_at_;
  asio::steady_timer* written_ = nullptr; // finish() waits for it
};

} // namespace varve::gateway
