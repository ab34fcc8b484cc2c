// Route netlink: requests that make, change and remove links, addresses and
// routes, acknowledged one by one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// One request under construction. Attributes may nest.
class netlink_message {
 public:
  // `header` is the family's fixed part (ifinfomsg, ifaddrmsg, rtmsg, ...).
  netlink_message(std::uint16_t type, std::uint16_t flags, const void* header,
                  std::size_t size);

  void put(std::uint16_t type, const void* data, std::size_t size);
  void put(std::uint16_t type, std::uint32_t value);
  void put(std::uint16_t type, std::string_view text); // with its zero byte

  // The place of the nest, for `end`.
  std::size_t begin(std::uint16_t type);
  void end(std::size_t place);

  // Bytes in the middle of a nest, as VETH_INFO_PEER wants them.
  void put_raw(const void* data, std::size_t size);

  const std::vector<char>& bytes() const noexcept {
    return bytes_;
  }

 private:
  std::vector<char> bytes_;
};

// A socket in the network namespace it was opened in. One thread at a time.
class netlink_socket {
 public:
  static result<netlink_socket> open();

  // Sends and waits for the kernel's answer: 0, or a negative errno.
  result<int> ask(netlink_message message);

  // The same; any errno is an error that begins with `what`.
  result<void> demand(netlink_message message, std::string_view what);

  // Index of a link; not_found.
  result<int> index_of(const std::string& name);

 private:
  explicit netlink_socket(unique_fd fd) : fd_(std::move(fd)) {
    // nop
  }

  unique_fd fd_;
  std::uint32_t sequence_ = 0;
  int link_ = 0; // index in the last answer that described a link
};

} // namespace varve::runner
