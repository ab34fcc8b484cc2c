// Reads the body of a request in pieces, with limits on its time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/objects/object_error.hpp"
#include "gateway/server/site.hpp"

namespace varve::gateway {

inline constexpr std::chrono::milliseconds quiet_time{60'000};
inline constexpr std::size_t piece_size = 256 * 1024;

// On the stream's strand, one user.
class body_reader {
 public:
  explicit body_reader(client_side client) noexcept : client_(client) {
    // nop
  }

  // Nothing when only its end will say; 0 without a body.
  std::optional<std::uint64_t> length() const;
  // Whether there is a body to come; asks for it where the client waits.
  awaitable<bool> begin();
  // Up to piece_size bytes; whether more may come. IncompleteBody,
  // RequestTimeout.
  awaitable<object_result<bool>> read_piece(std::string& into);
  // All of it, EntityTooLarge above `longest`.
  awaitable<object_result<void>> read_all(std::string& into,
                                          std::size_t longest);

 private:
  client_side client_;
  std::chrono::steady_clock::time_point until_{};
};

} // namespace varve::gateway
