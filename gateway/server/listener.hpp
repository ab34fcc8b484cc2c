// Accepts connections and has them served, within a bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include "gateway/server/connection.hpp"

namespace varve::gateway {

class listener {
 public:
  // `address` is "host:port" with a numeric host or "localhost".
  static result<std::unique_ptr<listener>>
  on_tcp(asio::io_context& runs_on, stream_registry& streams,
         const std::string& address, std::shared_ptr<asio::ssl::context> tls);
  // Replaces a socket left behind; mode 0600.
  static result<std::unique_ptr<listener>> on_unix(asio::io_context& runs_on,
                                                   stream_registry& streams,
                                                   const std::string& path);

  virtual ~listener() = default;
  // `with` outlives all connections.
  virtual void serve(const serving& with) = 0;
  virtual void stop_accepting() = 0;               // any thread
  virtual std::uint16_t port() const noexcept = 0; // 0 for Unix
  virtual bool is_loopback() const noexcept = 0;
};

} // namespace varve::gateway
