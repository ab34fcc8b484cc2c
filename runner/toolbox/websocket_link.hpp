// A connection that has become a WebSocket: answers pings and closes while
// its owner sends. One coroutine of the owner sends and waits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/local/stream_protocol.hpp>

#include "runner/toolbox/wakeup.hpp"
#include "runner/toolbox/websocket.hpp"

namespace varve::toolbox {

class websocket_link : public std::enable_shared_from_this<websocket_link> {
 public:
  using socket = boost::asio::local::stream_protocol::socket;
  // For texts and binaries; false: they cannot be taken, close with 1011.
  using receiver = std::function<bool(std::string payload)>;

  // `holder` keeps the socket alive; `limit` is that of a message.
  websocket_link(socket& on, std::shared_ptr<void> holder, std::size_t limit);

  // Begins to read; `first` came with the request. What comes is dropped
  // until there is a receiver.
  void start(std::string first);
  void receive(receiver take) {
    receiver_ = std::move(take);
  }

  // Raised by what comes from the other side, and by whoever has something
  // for the owner to send.
  wakeup& changed() {
    return changed_;
  }
  bool is_closed() const {
    return closed_ || failed_ != 0;
  }
  // Sends what the other side waits for, then the frame, which may be empty.
  // False when it is closed, or takes nothing for 30 s.
  boost::asio::awaitable<bool> send(std::string frame);
  // The last frame; a code that the other side has brought about goes first.
  boost::asio::awaitable<void> finish(unsigned code, std::string reason);

 private:
  boost::asio::awaitable<void> read_all(std::string first);
  bool take(std::string_view bytes);
  boost::asio::awaitable<bool> write(std::string bytes);

  socket& socket_;
  std::shared_ptr<void> holder_;
  ws_reader reader_;
  receiver receiver_;
  wakeup changed_;
  std::string replies_; // pongs
  bool closed_ = false;
  unsigned failed_ = 0;  // the code to close with
  unsigned told_ = 1005; // the other side's code
};

} // namespace varve::toolbox
