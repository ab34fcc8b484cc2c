// What the gateway lets a peer take: bytes, connections and time.
#pragma once

#include <chrono>
#include <cstddef>

namespace varve::gateway {

struct limits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = 1024 * 1024; // of the API; proxied ones are free
  std::size_t streams = 16'384; // open, to clients and to sandboxes together
  std::size_t push_clients = 12'000;        // of those
  std::size_t commands = 8192;              // in flight, all together
  std::size_t organization_commands = 4096; // of one organization
  std::size_t sandbox_commands = 16;        // of one sandbox

  std::chrono::milliseconds header_time{10'000};
  std::chrono::milliseconds idle_time{70'000};   // between two requests
  std::chrono::milliseconds body_time{30'000};   // for a whole API body
  std::chrono::milliseconds write_time{120'000}; // for one write to move on
  // Proxied streams may be silent for long: an exec says nothing until it
  // ends. Dead peers are found by TCP keep-alive, not by this.
  std::chrono::milliseconds stream_idle_time{24 * 3600'000};
  // A reader of a download may pause; its peer is held back meanwhile.
  std::chrono::milliseconds stream_write_time{1800'000};
  // Java clients give up on a request after 10 s.
  std::chrono::milliseconds hold_time{7'500};
  std::chrono::milliseconds command_time{7'000};
  // Who listens is asked whether he still does, and has so long to say so.
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  // How soon a revoked key closes what it opened.
  std::chrono::milliseconds review_time{5'000};
  std::chrono::milliseconds drain_time{9'000}; // for open requests at the end
};

} // namespace varve::gateway
