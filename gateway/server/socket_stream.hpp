// byte_stream over plain sockets, and over TLS.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>

#include "events/base/result.hpp"
#include "gateway/server/byte_stream.hpp"

namespace varve::gateway {

using any_socket = asio::generic::stream_protocol::socket;

// Whether the peer has closed its side, whatever is still unread.
bool has_hung_up(int descriptor) noexcept;

std::shared_ptr<byte_stream> make_plain_stream(stream_registry& registry,
                                               any_socket socket);

// Takes ownership of a connected Unix stream descriptor.
result<std::shared_ptr<byte_stream>>
adopt_unix_stream(stream_registry& registry, asio::any_io_executor executor,
                  int descriptor);

// Server certificate and key from PEM files; TLS 1.2 and newer.
result<std::shared_ptr<asio::ssl::context>>
load_certificate(const std::string& certificate_path,
                 const std::string& key_path);

// The handshake is part of the first read.
std::shared_ptr<byte_stream>
make_tls_stream(stream_registry& registry, any_socket socket,
                std::shared_ptr<asio::ssl::context> context,
                std::chrono::milliseconds handshake_time);

} // namespace varve::gateway
